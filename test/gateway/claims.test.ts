import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { type GatewayWithMoney, gatewayWithMoney } from '../support/gateway-with-money.ts'
import { newWallet } from '../support/orgs.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'

type Headers = Record<string, string>

/** One store behind both. */
let paid: GatewayWithMoney
let free: WholeGateway

beforeEach(async () => {
  const ollama = await scriptedOllama(() => ({ text: 'The small answer.' }))
  const vllm = await scriptedOpenAI(
    ({ body }) => (JSON.stringify(body.messages).includes(ENDLESS) ? { hang: true } : { text: 'The big answer.' }),
    { models: ['big'] },
  )
  onTestFinished(async () => {
    await ollama.close()
    await vllm.close()
  })
  const env = {
    OLLAMA_BASE_URL: ollama.url,
    CONDUCTOR_MODEL: 'openai:big',
    OPENAI_BASE_URL: `${vllm.url}/v1`,
    CHAINS: 'ethereum',
    RPC_URL_1: 'http://127.0.0.1:9',
    DRAIN_MS: '100',
    DEFAULT_PRICE: 'prompt=1,completion=1,run=1000',
  }
  paid = await gatewayWithMoney(env)
  free = await wholeGateway({ ...env, FREE_MODE: '1', ROLE: 'gateway', DATABASE_URL: paid.databaseUrl })
  onTestFinished(() => free.close())
})

test('who names a wallet, or sends any key, sees and touches nothing of what the wallet has done with a key', async () => {
  const wallet = newWallet()
  const key = await paid.newKey({ account: wallet, credits: 100_000_000n })
  const own = await startRuns(callerOf(paid, key.headers))
  const strangers = [
    { 'x-wallet-address': wallet },
    { 'x-wallet-address': `0x${wallet.slice(2).toUpperCase()}`, authorization: 'Bearer placeholder' },
    { authorization: `Bearer ${wallet}` },
    { authorization: `Bearer ${key.id}` },
  ].map((headers) => callerOf(free, headers))
  await expectNothingOf(own, strangers)
  const claim = await callerOf(free, { 'x-wallet-address': wallet }).ask('GET', '/v1/account')
  expect(claim.body).toMatchObject({ id: null, wallet, caller: wallet, balance: null })
  for (const gateway of [paid, free]) await expectAllOf(own, callerOf(gateway, key.headers))
})

test('the wallet, once it proves itself, sees and touches nothing of what others have done in its name', async () => {
  const wallet = newWallet()
  const claim = callerOf(free, { 'x-wallet-address': wallet })
  const claimed = await startRuns(claim)
  const key = await paid.newKey({ account: wallet, credits: 100_000_000n })
  const proven = [paid, free].map((gateway) => callerOf(gateway, key.headers))
  await expectNothingOf(claimed, proven)
  await expectAllOf(claimed, claim)
  const { body } = await claim.ask('GET', '/v1/usage?group_by=member')
  expect(body.data).toMatchObject([{ member: wallet, charged: '0' }])
  const byMember = (await paid.database.db.selectFrom('run_usage').select('caller').distinct().execute()).map(
    ({ caller }) => caller,
  )
  expect(byMember.sort()).toEqual([wallet, `claim:${wallet}`].sort())
})

const ENDLESS = 'wait for me'
const KEYED = { model: 'operator', messages: [{ role: 'user', content: 'once' }] }
const IDEMPOTENT = { 'idempotency-key': 'the-same' }

type Caller = ReturnType<typeof callerOf>
type Runs = { response: string; ended: string; open: string; keyed: string }

function callerOf({ url }: { url: string }, credentials: Headers) {
  return {
    async ask(method: string, path: string, body?: object, headers: Headers = {}) {
      const response = await fetch(url + path, {
        method,
        headers: { 'content-type': 'application/json', ...credentials, ...headers },
        ...(body && { body: JSON.stringify(body) }),
      })
      const runId = response.headers.get('x-groundwire-run-id')
      // biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
      return { status: response.status, runId, body: (await response.json()) as any }
    },
  }
}

/** One of each kind that is kept. */
async function startRuns({ ask }: Caller): Promise<Runs> {
  const inBackground = async (content: string) => {
    const order = { model: 'conductor', background: true, messages: [{ role: 'user', content }] }
    return (await ask('POST', '/v1/chat/completions', order)).body.id
  }
  const open = await inBackground(ENDLESS)
  const ended = await inBackground('hello')
  const { body: response } = await ask('POST', '/v1/responses', { model: 'operator', input: 'hello' })
  const { runId: keyed } = await ask('POST', '/v1/chat/completions', KEYED, IDEMPOTENT)
  for (const [id, status] of [
    [open, 'running'],
    [ended, 'completed'],
    [keyed, 'completed'],
  ])
    await expect.poll(async () => (await ask('GET', `/v1/runs/${id}`)).body.status).toBe(status)
  return { response: response.id, ended, open, keyed: keyed ?? expect.fail('no run') }
}

async function expectNothingOf(runs: Runs, strangers: readonly Caller[]): Promise<void> {
  for (const stranger of strangers) await expectUnseen(runs, stranger)
  for (const { ask } of strangers) {
    const repeated = await ask('POST', '/v1/chat/completions', KEYED, IDEMPOTENT)
    expect(repeated.status).toBe(200)
    expect(repeated.runId).not.toBe(runs.keyed)
  }
}

async function expectUnseen({ response, ended, open, keyed }: Runs, { ask }: Caller): Promise<void> {
  const asked = [
    ...[ended, open, keyed].flatMap((id) => [
      `GET /v1/runs/${id}`,
      `GET /v1/runs/${id}/events`,
      `POST /v1/runs/${id}/cancel`,
      `DELETE /v1/runs/${id}`,
    ]),
    `GET /v1/responses/${response}`,
    `GET /v1/responses/${response}/input_items`,
    `POST /v1/responses/${response}/cancel`,
    `DELETE /v1/responses/${response}`,
  ]
  for (const line of asked) {
    const [method = '', path = ''] = line.split(' ')
    expect([line, (await ask(method, path)).status]).toEqual([line, 404])
  }
  expect((await ask('GET', '/v1/runs')).body.data).toEqual([])
  expect((await ask('GET', `/v1/runs?after=${ended}`)).status).toBe(400)
  expect((await ask('GET', '/v1/usage')).body.total).toMatchObject({ runs: 0, prompt_tokens: 0 })
  const followUp = { model: 'operator', input: 'and then?', previous_response_id: response }
  const { status, body } = await ask('POST', '/v1/responses', followUp)
  expect([status, body.error.code]).toEqual([400, 'previous_response_not_found'])
}

async function expectAllOf({ response, ended, open, keyed }: Runs, owner: Caller): Promise<void> {
  const listed: { id: string; status: string }[] = (await owner.ask('GET', '/v1/runs')).body.data
  expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining([ended, open, keyed]))
  expect(listed.find(({ id }) => id === open)?.status).toBe('running')
  expect((await owner.ask('GET', `/v1/responses/${response}`)).status).toBe(200)
  const repeated = await owner.ask('POST', '/v1/chat/completions', KEYED, IDEMPOTENT)
  expect(repeated.runId).toBe(keyed)
  expect((await owner.ask('GET', '/v1/usage')).body.total.runs).toBeGreaterThan(0)
}
