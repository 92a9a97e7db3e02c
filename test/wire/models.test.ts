import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { says, startHttp, WALLET } from '../support/http-gateway.ts'

const AS_CALLER = { headers: { 'x-wallet-address': WALLET } }

test('§1.11 the models are listed in their order, and the SDK reads them', async () => {
  const gateway = await startHttp(says('ok'), { now: () => 1_718_464_968_000 })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const row = { object: 'model', created: 1_718_464_968, owned_by: 'groundwire', context_length: 16_384 }
  const { data } = await client.models.list()
  expect(data).toEqual([
    { id: 'operator', ...row },
    { id: 'Qwen/Qwen3-32B:fp8', ...row },
  ])
  expect(await client.models.retrieve('Qwen/Qwen3-32B:fp8')).toEqual(data[1])
  await expect(client.models.retrieve('gpt-4o')).rejects.toMatchObject({ status: 404, code: 'model_not_found' })
})

test.each(['Qwen/Qwen3-32B:fp8', 'Qwen%2FQwen3-32B%3Afp8', 'Qwen/Qwen3-32B:fp8/'])(
  '§1.7 a model id may hold slashes and colons, encoded or not: %s',
  async (id) => {
    const gateway = await startHttp(says('ok'))
    const response = await fetch(`${gateway.url}/v1/models/${id}`, AS_CALLER)
    expect(await response.json()).toMatchObject({ id: 'Qwen/Qwen3-32B:fp8' })
  },
)

test('§1.11 the models need the same credentials as a completion', async () => {
  const gateway = await startHttp(says('ok'))
  expect((await fetch(`${gateway.url}/v1/models`)).status).toBe(401)
  expect((await fetch(`${gateway.url}/v1/models/operator`)).status).toBe(401)
})

test('§1.11 health answers anyone', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/health`)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})

test('§1.11 readiness tells each part, and is a 503 while a question could not be answered', async () => {
  const parts = {
    models: [{ id: 'operator', status: 'down' as const, detail: 'ollama pull qwen3:8b' }],
    chains: [{ id: 'ethereum', status: 'ok' as const }],
    runs: [{ id: 'store', status: 'ok' as const }],
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
