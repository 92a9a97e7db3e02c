import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type GatewayWithMoney, gatewayWithMoney } from '../support/gateway-with-money.ts'
import type { ScriptedBackend } from '../support/scripted-backend.ts'
import { type ScriptedFacilitator, scriptedFacilitator } from '../support/scripted-facilitator.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { PAY_TO, type Payer, payer, toHeader, toReply } from '../support/x402-shop.ts'

const HELLO = { messages: [{ role: 'user', content: 'hello' }] }
const WORK = { text: 'The answer.', usage: { promptTokens: 100, completionTokens: 7 } }
/** Micro-credits: a token, and a run. */
const COST = 100n + 7n + 1_000n

let gateway: GatewayWithMoney
let ollama: ScriptedBackend
let facilitator: ScriptedFacilitator
let wallet: Payer

beforeEach(async () => {
  ollama = await scriptedOllama(() => WORK)
  facilitator = await scriptedFacilitator()
  wallet = payer()
  onTestFinished(async () => {
    await ollama.close()
    await facilitator.close()
  })
})

async function start(env: Record<string, string> = {}): Promise<void> {
  gateway = await gatewayWithMoney({
    OLLAMA_BASE_URL: ollama.url,
    CHAINS: 'ethereum',
    RPC_URL_1: 'http://127.0.0.1:9',
    DEFAULT_PRICE: 'prompt=1000000,completion=1000000,run=1000',
    X402_FACILITATOR_URL: facilitator.url,
    X402_PAY_TO: PAY_TO,
    ...env,
  })
}

const balanceOf = async (account: string) => (await gateway.ledger.balance(account))?.balance ?? 0n

const post = (fetcher: typeof fetch, body: object, { path = '/v1/chat/completions', headers = {} } = {}) =>
  fetcher(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })

test.each([
  ['a completion', '/v1/chat/completions', HELLO],
  ['a stream', '/v1/chat/completions', { ...HELLO, stream: true }],
  ['a response', '/v1/responses', { input: 'hello' }],
  ['a stream of a response', '/v1/responses', { input: 'hello', stream: true }],
])('a wallet without a key pays for %s by the official client, and keeps what is left', async (_, path, body) => {
  await start({ X402_ANONYMOUS: '1' })
  const response = await post(wallet.fetch, body, { path })
  expect(response.status).toBe(200)
  expect(await response.text()).toContain('The answer.')
  expect(response.headers.get('payment-response')).toMatch(/^[\w+/=]+$/)
  const paid = facilitator.transfers.map(({ payer: from, amount }) => ({ from, amount }))
  expect(paid).toEqual([{ from: wallet.wallet, amount: expect.any(BigInt) }])
  await expect.poll(() => balanceOf(wallet.wallet)).toBe((paid[0]?.amount ?? 0n) - COST)
  expect(await gateway.brokenInvariants()).toEqual([])
})

test('a key without credits pays into its account with the request itself, and each time for no more than is missing', async () => {
  await start()
  const key = await gateway.newKey()
  const statuses: number[] = []
  const headers = { ...key.headers, 'x-groundwire-tools': 'off' }
  for (let count = 0; count < 8; count++) {
    statuses.push((await post(wallet.fetch, HELLO, { headers })).status)
  }
  expect(statuses).toEqual(Array(8).fill(200))
  const paid = facilitator.transfers.reduce((sum, { amount }) => sum + amount, 0n)
  expect(await balanceOf(key.account)).toBe(paid - 8n * COST)
  // What is left of one is there for the next, which pays what is missing.
  expect(facilitator.transfers.slice(1).map(({ amount }) => amount)).toEqual(Array(7).fill(COST))
  expect(await gateway.brokenInvariants()).toEqual([])
})

test.each([
  ['what the request needs at most', { 'x-groundwire-tools': 'off' }, 1],
  ['three steps of it, where it may call tools', {}, 3],
])('the offer is %s, and its error is that of OpenAI', async (_, headers, steps) => {
  await start({ X402_ANONYMOUS: '1' })
  const { status, body, required } = await toReply(await post(fetch, HELLO, { headers }))
  expect(status).toBe(402)
  expect(body.error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_credits' })
  const needed = String(body.details)
    .match(/needed: 0\.(\d{1,6})/)?.[1]
    ?.padEnd(6, '0')
  expect(required?.accepts).toMatchObject([
    { scheme: 'exact', network: 'eip155:8453', amount: String(steps * Number(needed)) },
  ])
  expect(ollama.requests).toEqual([])
})

test('who only asks for offers keeps nobody else from one', async () => {
  await start({ X402_ANONYMOUS: '1', REQUESTS_PER_MINUTE: '2', TOKENS_PER_MINUTE: '50000' })
  for (let count = 0; count < 4; count++) expect((await post(fetch, HELLO)).status).toBe(402)
  const statuses = []
  for (let count = 0; count < 3; count++) statuses.push((await post(wallet.fetch, HELLO)).status)
  expect(statuses).toEqual([200, 200, 429])
})

test('a payment names its caller once: whoever sends it again is refused, and nobody is asked', async () => {
  await start({ X402_ANONYMOUS: '1' })
  const { required } = await toReply(await post(fetch, HELLO))
  const headers = toHeader(await wallet.sign(required))
  expect((await post(fetch, HELLO, { headers })).status).toBe(200)
  const again = await toReply(await post(fetch, HELLO, { headers }))
  expect([again.status, again.body.error?.code]).toEqual([409, 'payment_already_used'])
  expect(ollama.requests).toHaveLength(1)
  expect(facilitator.transfers).toHaveLength(1)
})

test.each([
  ['cannot be understood', { messages: 'hello' }, 400],
  ['asks for a model that there is not', { ...HELLO, model: 'no-such-model' }, 404],
])('what a wallet pays with a request that %s is left in its account', async (_, body, refusal) => {
  await start({ X402_ANONYMOUS: '1' })
  const { required } = await toReply(await post(fetch, HELLO))
  const response = await post(fetch, body, { headers: toHeader(await wallet.sign(required)) })
  expect(response.status).toBe(refusal)
  expect(response.headers.get('payment-response')).toMatch(/^[\w+/=]+$/)
  const paid = facilitator.transfers.map(({ amount }) => amount)
  expect(paid).toEqual([expect.any(BigInt)])
  expect(await balanceOf(wallet.wallet)).toBe(paid[0])
  expect(ollama.requests).toEqual([])
})

test.each([
  ['where nobody may pay without a key', {}],
  ['in free mode, where nobody pays', { FREE_MODE: '1', X402_ANONYMOUS: '1' }],
])('who names no caller hears 401 and no offer %s', async (_, env) => {
  await start(env)
  const { status, required } = await toReply(await post(fetch, HELLO))
  expect([status, required]).toEqual([401, undefined])
})
