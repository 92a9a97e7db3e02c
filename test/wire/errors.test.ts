import { expect, test } from 'vitest'
import { says, startHttp, WALLET } from '../support/http-gateway.ts'

async function refusalOf(method: string, path: string) {
  const gateway = await startHttp(says('never'))
  const response = await fetch(gateway.url + path, { method })
  expect(response.status).toBe(404)
  expect(response.headers.get('x-request-id')).not.toBeNull()
  return (await response.json()) as { error: { message: string } }
}

test('§1.8 an unknown route is a 404 in the envelope, which does not repeat the query', async () => {
  expect(await refusalOf('POST', '/v1/nowhere?api_key=hunter2')).toEqual({
    error: { message: 'Invalid URL (POST /v1/nowhere)', type: 'invalid_request_error', param: null, code: null },
  })
})

test('§1.8 a long path is repeated in part', async () => {
  const { error } = await refusalOf('GET', `/${'a'.repeat(5_000)}`)
  expect(error.message.length).toBeLessThan(300)
})

test.each([
  ['POST', '/chat/completions', '/v1/chat/completions'],
  ['POST', '/v1/v1/chat/completions', '/v1/chat/completions'],
  ['POST', '/v1/chat/completions/chat/completions', '/v1/chat/completions'],
  ['POST', '/api/v1/chat/completions', '/v1/chat/completions'],
  ['POST', '/openai/deployments/operator/chat/completions?api-version=2024', '/v1/chat/completions'],
  ['POST', '/completions', '/v1/chat/completions'],
  ['GET', '/models', '/v1/models'],
  ['POST', '/responses', '/v1/responses'],
])('§1.8 a wrong base URL is answered with the right one: %s %s', async (method, path, right) => {
  const { error } = await refusalOf(method, path)
  expect(error.message).toContain(`The base URL ends in /v1, once: ask ${right}.`)
})

test.each([
  ['GET', '/v1', 'clients add the rest'],
  ['POST', '/api/chat', "not Ollama's"],
  ['GET', '/api/tags', "not Ollama's"],
  ['POST', '/v1/messages', "not Anthropic's"],
  ['POST', '/v1/embeddings', 'has no embeddings'],
  ['POST', '/v1/images/generations', 'has no images'],
  ['GET', '/files', 'has no files'],
])('§1.8 what is not served says what is: %s %s', async (method, path, hint) => {
  const { error } = await refusalOf(method, path)
  expect(error.message).toContain(hint)
})

test('§1.8 the old completions are a 404 in the words of OpenAI', async () => {
  const expected = {
    error: {
      message:
        'This is a chat model and not supported in the v1/completions endpoint. Did you mean to use v1/chat/completions?',
      type: 'invalid_request_error',
      param: 'model',
      code: null,
    },
  }
  expect(await refusalOf('POST', '/v1/completions')).toEqual(expected)
})

test('§1.8 a fault of ours is a bare 500: the log has it, the caller has its id', async () => {
  const gateway = await startHttp(says('never'), {
    readiness: () => Promise.reject(new Error('postgres://admin:hunter2@db')),
  })
  const response = await fetch(`${gateway.url}/ready`, {
    headers: { 'x-request-id': 'mine', 'x-wallet-address': WALLET },
  })
  expect(response.status).toBe(500)
  expect(await response.json()).toEqual({
    error: {
      message: expect.stringContaining('x-request-id'),
      type: 'server_error',
      param: null,
      code: 'internal_error',
    },
  })
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 50, requestId: 'mine', error: { message: expect.any(String) } })
})
