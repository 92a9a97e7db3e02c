import { gzipSync } from 'node:zlib'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { HELLO, says, startHttp, WALLET } from '../support/http-gateway.ts'

const AS_CALLER = { headers: { 'x-wallet-address': WALLET } }

test('the models are listed in their order, and the SDK reads them', async () => {
  const gateway = await startHttp(says('ok'), { now: () => 1_718_464_968_000 })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const { data } = await client.models.list()
  expect(data).toEqual([
    { id: 'operator', object: 'model', created: 1_718_464_968, owned_by: 'groundwire', context_length: 16_384 },
    {
      id: 'Qwen/Qwen3-32B:fp8',
      object: 'model',
      created: 1_718_464_968,
      owned_by: 'groundwire',
      context_length: 16_384,
    },
  ])
  expect(await client.models.retrieve('Qwen/Qwen3-32B:fp8')).toEqual(data[1])
  await expect(client.models.retrieve('gpt-4o')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
})

test.each(['Qwen/Qwen3-32B:fp8', 'Qwen%2FQwen3-32B%3Afp8', 'Qwen/Qwen3-32B:fp8/'])(
  'the model %s is found',
  async (id) => {
    const gateway = await startHttp(says('ok'))
    const response = await fetch(`${gateway.url}/v1/models/${id}`, AS_CALLER)
    expect(await response.json()).toMatchObject({ id: 'Qwen/Qwen3-32B:fp8' })
  },
)

test('the models need the same credentials as a completion', async () => {
  const gateway = await startHttp(says('ok'))
  expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(401)
  expect((await fetch(`${gateway.url}/v1/models/operator`)).status).toBe(401)
})

test('health answers anyone', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/health`)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})

test('readiness tells each part, and is a 503 while a question could not be answered', async () => {
  const parts = {
    models: [{ id: 'operator', status: 'down' as const, detail: 'ollama pull qwen3:8b' }],
    chains: [{ id: 'ethereum', status: 'ok' as const }],
  }
  let ready = false
  const gateway = await startHttp(says('ok'), { readiness: async () => ({ ready, ...parts }) })
  const before = await fetch(`${gateway.url}/ready`)
  expect(before.status).toBe(503)
  expect(await before.json()).toEqual({ status: 'not_ready', ...parts })
  ready = true
  const after = await fetch(`${gateway.url}/ready`)
  expect(after.status).toBe(200)
  expect(await after.json()).toEqual({ status: 'ready', ...parts })
})

test('the root says what this is', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(gateway.url)
  expect(await response.json()).toMatchObject({ name: 'groundwire', routes: expect.any(Object) })
})

test.each(['//v1//models', '/v1/models/', '/v1//models?limit=1', '//v1/models//?a=//b/'])(
  'a carelessly joined URL is understood: %s',
  async (path) => {
    const gateway = await startHttp(says('ok'))
    const response = await fetch(gateway.url + path, AS_CALLER)
    expect(await response.json()).toMatchObject({ object: 'list' })
  },
)

test('HEAD answers as GET, without a body', async () => {
  const gateway = await startHttp(says('ok'))
  for (const path of ['/', '/health', '/ready', '/v1/models', '/v1/models/operator']) {
    const response = await fetch(gateway.url + path, { method: 'HEAD', ...AS_CALLER })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('')
  }
})

test.each([
  ['GET', '/v1/chat/completions', 'POST, OPTIONS'],
  ['DELETE', '/v1/models/operator', 'GET, HEAD, OPTIONS'],
  ['POST', '/v1/models', 'GET, HEAD, OPTIONS'],
  ['PUT', '/health', 'GET, HEAD, OPTIONS'],
])('%s %s is a 405 that names what is allowed, before it asks for credentials', async (method, path, allow) => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(gateway.url + path, { method })
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe(allow)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } })
})

test('an unknown route is a 404 in the envelope, which does not repeat the query', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/v1/embeddings?api_key=hunter2`, { method: 'POST' })
  expect(response.status).toBe(404)
  expect(await response.json()).toEqual({
    error: { message: 'Invalid URL (POST /v1/embeddings)', type: 'invalid_request_error', param: null, code: null },
  })
})

test('a URL that cannot be decoded is a 400', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/v1/models/%E0%A4%A`, AS_CALLER)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
})

const JSON_TYPE = { 'content-type': 'application/json' }
const UNREADABLE: [
  what: string,
  status: number,
  code: string | null,
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer>,
][] = [
  ['broken JSON', 400, null, JSON_TYPE, '{"messages": [{"role": "user", "content": "my secret'],
  ['JSON that ends in a comma', 400, null, JSON_TYPE, '{"messages": [],}'],
  ['text with a JSON type', 400, null, JSON_TYPE, 'hello'],
  ['the type curl sends', 415, null, { 'content-type': 'application/x-www-form-urlencoded' }, JSON.stringify(HELLO)],
  ['no type', 415, null, {}, new Uint8Array(Buffer.from(JSON.stringify(HELLO)))],
  ['an unknown charset', 415, null, { 'content-type': 'application/json; charset=klingon' }, JSON.stringify(HELLO)],
  ['an unknown encoding', 415, null, { ...JSON_TYPE, 'content-encoding': 'rot13' }, JSON.stringify(HELLO)],
  ['a broken encoding', 400, null, { ...JSON_TYPE, 'content-encoding': 'gzip' }, JSON.stringify(HELLO)],
  ['too large a body', 413, 'request_too_large', JSON_TYPE, JSON.stringify({ pad: 'x'.repeat(2_000) })],
  [
    'a bomb',
    413,
    'request_too_large',
    { ...JSON_TYPE, 'content-encoding': 'gzip' },
    new Uint8Array(gzipSync('x'.repeat(1_000_000))),
  ],
]

test.each(UNREADABLE)('a request with %s is a %i', async (_what, status, code, headers, body) => {
  const gateway = await startHttp(says('never'), { bodyLimitBytes: 1_024 })
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-wallet-address': WALLET, ...headers },
    body,
  })
  const text = await response.text()
  expect(response.status, text).toBe(status)
  expect(JSON.parse(text)).toEqual({
    error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
  })
  expect(text).not.toContain('secret')
  expect(gateway.orders).toEqual([])
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(JSON.stringify(gateway.log)).not.toMatch(/secret|xxxx/)
})

test('a request without a body is told what it lacks', async () => {
  const gateway = await startHttp(says('never'))
  for (const headers of [{}, JSON_TYPE]) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-wallet-address': WALLET, ...headers },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'missing_required_parameter', param: 'messages' } })
  }
})

test.each([
  { 'content-type': 'application/json; charset=utf-8' },
  { 'content-type': 'application/vnd.api+json' },
  { ...JSON_TYPE, 'content-encoding': 'gzip' },
])('a body as %j is read', async (headers) => {
  const gateway = await startHttp(says('ok'))
  const text = JSON.stringify(HELLO)
  const body = 'content-encoding' in headers ? new Uint8Array(gzipSync(text)) : text
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-wallet-address': WALLET, ...(headers as Record<string, string>) },
    body,
  })
  expect(response.status).toBe(200)
})

test('every response has a request id: the caller’s own where it is harmless', async () => {
  const gateway = await startHttp(says('ok'))
  const idOf = async (path: string, id?: string) => {
    const response = await fetch(gateway.url + path, { headers: id === undefined ? {} : { 'x-request-id': id } })
    return response.headers.get('x-request-id')
  }
  expect(await idOf('/health', 'my.request-1_a')).toBe('my.request-1_a')
  for (const id of ['a b', 'x'.repeat(129), 'a"b', undefined])
    expect(await idOf('/nowhere', id)).toMatch(/^req_\w{32}$/)
})

test('a web page may call: a preflight needs no credentials, and gets the headers it asked for', async () => {
  const gateway = await startHttp(says('ok'))
  const asked = 'authorization,content-type,x-stainless-retry-count,x-wallet-address'
  const preflight = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': asked,
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(preflight.headers.get('access-control-allow-headers')).toBe(asked)
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')
  expect(preflight.headers.get('vary')).toBe('Origin, Access-Control-Request-Headers')
  const refused = await fetch(`${gateway.url}/v1/models`, { headers: { origin: 'https://app.example' } })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(refused.headers.get('access-control-expose-headers')).toMatch(/x-request-id.*x-groundwire-run-id.*retry-after/)
  expect(refused.headers.get('access-control-allow-credentials')).toBeNull()
})

test('responses say little of the server, and cannot be taken for a page', async () => {
  const gateway = await startHttp(says('ok'))
  const { headers } = await fetch(gateway.url)
  expect(headers.get('x-powered-by')).toBeNull()
  expect(headers.get('x-content-type-options')).toBe('nosniff')
})
