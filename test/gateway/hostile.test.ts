import { expect, onTestFinished, test } from 'vitest'
import { gatewayWithMoney } from '../support/gateway-with-money.ts'
import { readAlong } from '../support/read-along.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { wholeGateway } from '../support/whole-gateway.ts'

const HELLO = { messages: [{ role: 'user', content: 'hello' }] }
const ADMIN_KEY = 'an-admin-key-of-32-characters-xx'

async function ollamaThatSays(reply: ScriptedReply): Promise<string> {
  const ollama = await scriptedOllama(() => reply)
  onTestFinished(() => ollama.close())
  return ollama.url
}

async function paidGateway(reply: ScriptedReply, env: Record<string, string> = {}) {
  return gatewayWithMoney({
    OLLAMA_BASE_URL: await ollamaThatSays(reply),
    CHAINS: 'ethereum',
    RPC_URL_1: 'http://127.0.0.1:9',
    HOLD_BACK_TOKENS: '0',
    DRAIN_MS: '100',
    DEFAULT_PRICE: 'prompt=1000000,completion=1000000,run=1000',
    ...env,
  })
}

test('who cancels and forgets a run that it has read almost to its end still pays for it', async () => {
  const gateway = await paidGateway({ text: ['one ', 'two ', 'three '], thenHang: true })
  const key = await gateway.newKey({ credits: 100_000n })
  const headers = { ...key.headers, 'idempotency-key': 'mine' }
  const response = await gateway.ask({ ...HELLO, stream: true }, { headers })
  await readAlong(response).until('three')
  const run = `${gateway.url}/v1/runs/${response.headers.get('x-groundwire-run-id')}`
  expect((await fetch(`${run}/cancel`, { method: 'POST', headers: key.headers })).status).toBe(200)
  expect((await fetch(run, { method: 'DELETE', headers: key.headers })).status).toBe(200)
  await expect.poll(async () => (await gateway.ledger.balance(key.account))?.held, { timeout: 10_000 }).toBe(0n)
  expect((await gateway.ledger.balance(key.account))?.balance).toBeLessThan(99_000n)
  expect(await gateway.brokenInvariants()).toEqual([])
})

test('a stream whose run is cancelled ends by saying so', async () => {
  const gateway = await paidGateway({ text: ['one ', 'two ', 'three '], thenHang: true })
  const key = await gateway.newKey({ credits: 100_000n })
  const headers = { ...key.headers, 'idempotency-key': 'mine' }
  const response = await gateway.ask({ ...HELLO, stream: true }, { headers })
  const stream = readAlong(response)
  await stream.until('three')
  const run = `${gateway.url}/v1/runs/${response.headers.get('x-groundwire-run-id')}`
  await fetch(`${run}/cancel`, { method: 'POST', headers: key.headers })
  expect(await stream.end()).toContain('"code":"run_cancelled"')
})

test('ADMIN_KEY is nobody to ask a model as, in free mode neither', async () => {
  const gateway = await wholeGateway({ OLLAMA_BASE_URL: await ollamaThatSays({ text: 'hi' }), ADMIN_KEY })
  onTestFinished(() => gateway.close())
  const response = await gateway.ask(HELLO, { headers: { authorization: `Bearer ${ADMIN_KEY}` } })
  expect(response.status).toBe(401)
  expect(await response.text()).not.toContain(ADMIN_KEY)
})

test.each([
  ['in place', {}],
  ['kept in the store', { 'idempotency-key': 'mine' }],
])('a backend that counts more tokens than there are is not believed, of a run %s', async (_, kept) => {
  const gateway = await paidGateway({ text: 'yo', usage: { promptTokens: 3e9, completionTokens: 9e18 } })
  const key = await gateway.newKey({ credits: 100_000n })
  const response = await gateway.ask(HELLO, { headers: { ...key.headers, ...kept } })
  expect(response.status).toBe(200)
  const { balance = 0n, held } = (await gateway.ledger.balance(key.account)) ?? {}
  expect([balance > 90_000n, held]).toEqual([true, 0n])
})

test('a key that is confined gets no way out of that by the keys it manages', async () => {
  const gateway = await paidGateway({ text: 'hi' })
  const free = await gateway.newKey({ scopes: { manage: true } })
  const confined = await gateway.newKey({ account: free.account, scopes: { manage: true, models: ['operator'] } })
  const ask = async (method: string, path: string, body: object) => {
    const headers = { ...confined.headers, 'content-type': 'application/json' }
    const response = await fetch(`${gateway.url}/v1/keys${path}`, { method, headers, body: JSON.stringify(body) })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  const refused = { status: 403, body: { error: { code: 'key_confined' } } }
  expect(await ask('POST', '', { name: 'another' })).toMatchObject(refused)
  expect(await ask('PATCH', `/${confined.id}`, { scopes: { models: null } })).toMatchObject(refused)
  expect(await ask('POST', `/${free.id}/rotate`, {})).toMatchObject(refused)
  expect(await ask('POST', `/${confined.id}/rotate`, {})).toMatchObject({
    status: 200,
    body: { scopes: { models: ['operator'] } },
  })
})
