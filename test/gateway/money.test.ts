import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import OpenAI from 'openai'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { rotateKey } from '../../src/accounts/keys/rotate-key.ts'
import { testDatabaseUrl } from '../support/database.ts'
import { type FundedKey, type GatewayWithMoney, gatewayWithMoney } from '../support/gateway-with-money.ts'
import { readAlong } from '../support/read-along.ts'
import type { ScriptedBackend, ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'

const HELLO = { messages: [{ role: 'user', content: 'hello' }] }
const CONDUCTOR = { ...HELLO, model: 'conductor' }
const SHELL = { id: 'admin', via: 'cli' } as const
const NOBODY = 'http://127.0.0.1:9'
/** A micro-credit a token each way, and a credit per thousand runs. */
const PRICE = 'prompt=1000000,completion=1000000,run=1000'
const WALLET = '0xd8da6bf26964af9d7eed9e03e53415d37aa96045'

let gateway: GatewayWithMoney
let ollama: ScriptedBackend
let vllm: ScriptedBackend
let reply: () => ScriptedReply | Promise<ScriptedReply>

beforeEach(async () => {
  reply = () => ({ text: 'The answer.', usage: { promptTokens: 100, completionTokens: 7 } })
  ollama = await scriptedOllama(() => reply())
  vllm = await scriptedOpenAI(() => reply(), { models: ['big'] })
  onTestFinished(async () => {
    await ollama.close()
    await vllm.close()
  })
})

async function start(env: Record<string, string> = {}): Promise<void> {
  gateway = await gatewayWithMoney({
    OLLAMA_BASE_URL: ollama.url,
    CONDUCTOR_MODEL: 'openai:big',
    OPENAI_BASE_URL: `${vllm.url}/v1`,
    CHAINS: 'ethereum',
    RPC_URL_1: NOBODY,
    DRAIN_MS: '100',
    DEFAULT_PRICE: PRICE,
    ...env,
  })
}

// biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
const read = (response: Response): Promise<any> => response.json()

const balanceOf = async ({ account }: FundedKey) => (await gateway.ledger.balance(account)) ?? expect.fail('no account')

const usageRows = async () =>
  (
    await sql<Record<string, unknown>>`
      select account, outcome, prompt_tokens, completion_tokens, amount, written_off, is_estimated, model, key_id, tools
      from run_usage order by at`.execute(gateway.database.db)
  ).rows

describe('an answer is charged', () => {
  test('by the tokens that its usage shows and the price of a run, to the micro-credit', async () => {
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    const response = await gateway.ask(HELLO, { headers: key.headers })
    const { usage } = await read(response)
    expect(usage).toMatchObject({ prompt_tokens: 100, completion_tokens: 7 })
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n - 1_107n, held: 0n })
    expect(await usageRows()).toMatchObject([
      {
        account: key.account,
        outcome: 'completed',
        prompt_tokens: 100,
        completion_tokens: 7,
        amount: 1_107,
        key_id: key.id,
      },
    ])
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('before its end is told, so that the next request sees the balance', async () => {
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key.secret })
    const stream = await client.chat.completions.create({
      model: 'operator',
      stream: true,
      messages: [{ role: 'user', content: 'hello' }],
    })
    for await (const _ of stream);
    expect(await balanceOf(key)).toMatchObject({ balance: 98_893n, held: 0n })
  })

  test('on the queued model too, as one change with its end', async () => {
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    const response = await gateway.ask(CONDUCTOR, { headers: key.headers })
    expect(response.status).toBe(200)
    expect(await balanceOf(key)).toMatchObject({ balance: 98_893n, held: 0n })
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('once, however often its idempotency key is sent', async () => {
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    const headers = { ...key.headers, 'idempotency-key': 'one' }
    const replies = await Promise.all(Array.from({ length: 8 }, () => gateway.ask(HELLO, { headers })))
    expect(replies.map(({ status }) => status)).toEqual(Array(8).fill(200))
    expect(await balanceOf(key)).toMatchObject({ balance: 98_893n, held: 0n })
  })

  test('by what was generated, where the caller hangs up in the middle, and marked as an estimate', async () => {
    reply = () => ({ text: ['one ', 'two ', 'three '], thenHang: true })
    await start({ HOLD_BACK_TOKENS: '0' })
    const key = await gateway.newKey({ credits: 100_000n })
    const leaving = new AbortController()
    const response = await gateway.ask({ ...HELLO, stream: true }, { headers: key.headers, signal: leaving.signal })
    await readAlong(response).until('three')
    leaving.abort()
    await expect.poll(async () => (await balanceOf(key)).held).toBe(0n)
    const [row] = await usageRows()
    expect(row).toMatchObject({ outcome: 'left', is_estimated: true, completion_tokens: 3 })
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n - BigInt(String(row?.amount)) })
    await expect.poll(() => ollama.openRequests).toBe(0)
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('by what was generated, where the caller of an answer in one piece hangs up in the middle', async () => {
    reply = () => ({ text: Array(5_000).fill('word '), delayMs: 1, thenHang: true })
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    async function leave(): Promise<unknown> {
      const leaving = new AbortController()
      const asking = gateway.ask(HELLO, { headers: key.headers, signal: leaving.signal })
      await expect.poll(() => ollama.openRequests).toBe(1)
      await gateway.ask({}) // until it is answered, words are read
      leaving.abort()
      await expect(asking).rejects.toThrow()
      await expect.poll(async () => (await balanceOf(key)).held).toBe(0n)
      const rows = await usageRows()
      return rows.at(-1)?.completion_tokens
    }
    await expect.poll(leave).toBeGreaterThan(0)
    const rows = await usageRows()
    expect(rows.at(-1)).toMatchObject({ outcome: 'left', is_estimated: true, written_off: 0 })
    expect(rows.at(-1)?.amount).toBeGreaterThan(0)
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test.each([
    ['that is kept', { 'idempotency-key': 'one' }],
    ['that is not', {}],
  ])('by what was delivered, where the model breaks off in the middle of a stream %s', async (_, headers) => {
    reply = () => ({ text: ['one ', 'two ', 'three '], cut: true })
    await start({ HOLD_BACK_TOKENS: '0' })
    const key = await gateway.newKey({ credits: 100_000n })
    const response = await gateway.ask({ ...HELLO, stream: true }, { headers: { ...key.headers, ...headers } })
    expect(await response.text()).toContain('three')
    await expect.poll(async () => (await balanceOf(key)).held).toBe(0n)
    const [row] = await usageRows()
    expect(row).toMatchObject({ outcome: 'failed', is_estimated: true, completion_tokens: 3, written_off: 0 })
    expect(row?.amount).toBeGreaterThan(0)
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n - BigInt(String(row?.amount)) })
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('with nothing, where the model fails before anything was delivered', async () => {
    reply = () => ({ status: 500, error: 'out of memory' })
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    expect((await gateway.ask(HELLO, { headers: key.headers })).status).toBe(502)
    expect((await gateway.ask(CONDUCTOR, { headers: key.headers })).status).toBe(502)
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n, held: 0n })
    expect(await usageRows()).toMatchObject([
      { outcome: 'failed', amount: 0 },
      { outcome: 'failed', amount: 0 },
    ])
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('not at all in free mode, where its usage is noted all the same', async () => {
    await start({ FREE_MODE: '1' })
    const response = await gateway.ask(HELLO, { headers: { 'x-wallet-address': WALLET } })
    expect(response.status).toBe(200)
    await expect.poll(usageRows).toMatchObject([{ account: null, prompt_tokens: 100, amount: 0, outcome: 'completed' }])
    expect((await gateway.database.db.selectFrom('holds').selectAll().execute()).length).toBe(0)
  })
})

describe('without credits', () => {
  test('a request hears 402 with what it needs and what there is, and no model is called', async () => {
    await start()
    const key = await gateway.newKey({ credits: 5n })
    for (const body of [HELLO, { ...HELLO, stream: true }, CONDUCTOR, { ...CONDUCTOR, background: true }]) {
      const response = await gateway.ask(body, { headers: key.headers })
      expect(response.status).toBe(402)
      expect(response.headers.get('x-should-retry')).toBe('false')
      const { error, details } = await read(response)
      expect(error).toMatchObject({ type: 'insufficient_quota', code: 'insufficient_credits' })
      expect(error.message).toMatch(
        /^Not enough credits: this request needs up to 0\.\d+, and 0\.000005 are available\./,
      )
      expect(details).toContain('available: 0.000005')
    }
    expect([...ollama.requests, ...vllm.requests]).toEqual([])
    const runs = await gateway.database.db.selectFrom('runs').selectAll().execute()
    expect(runs).toEqual([])
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('the official SDK does not try again', async () => {
    await start()
    const key = await gateway.newKey()
    let calls = 0
    const client = new OpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: key.secret,
      fetch: (url, init) => {
        calls++
        return fetch(url, init)
      },
    })
    await expect(client.chat.completions.create({ model: 'operator', ...HELLO } as never)).rejects.toMatchObject({
      status: 402,
      code: 'insufficient_credits',
    })
    expect(calls).toBe(1)
  })

  test.each([
    ['operator', HELLO],
    ['conductor in the background', { ...CONDUCTOR, background: true }],
  ])('of 200 parallel requests on funds for 10, exactly 10 are admitted: %s', async (_, body) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    reply = async () => {
      await promise
      return { text: 'The answer.', usage: { promptTokens: 100, completionTokens: 7 } }
    }
    await start({ DEFAULT_PRICE: 'run=1000', ANSWERS_PER_CALLER: '500', PENDING_PER_CALLER: '500' })
    const key = await gateway.newKey({ credits: 10_999n })
    const replies = Array.from({ length: 200 }, () => gateway.ask(body, { headers: key.headers }))
    let refused = 0
    for (const one of replies) void one.then(({ status }) => (refused += status === 402 ? 1 : 0))
    await expect.poll(() => refused, { timeout: 20_000 }).toBe(190)
    expect(await balanceOf(key)).toMatchObject({ balance: 10_999n, held: 10_000n, available: 999n })
    resolve()
    const statuses = (await Promise.all(replies)).map(({ status }) => status)
    expect(statuses.filter((status) => status < 300)).toHaveLength(10)
    await expect.poll(async () => (await balanceOf(key)).balance, { timeout: 20_000 }).toBe(999n)
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('a step that cannot be paid for any more ends the run with what the tools have found', async () => {
    let steps = 0
    reply = () => {
      steps++
      return steps === 1
        ? { toolCalls: [{ name: 'noon', arguments: {} }], usage: { promptTokens: 5_000, completionTokens: 10 } }
        : { text: 'never said' }
    }
    await start({ TOOLS_DIR: 'test/support/tools-that-tell' })
    const key = await gateway.newKey({ credits: 7_500n })
    const response = await gateway.ask(
      { ...HELLO, max_tokens: 16 },
      { headers: { ...key.headers, 'x-groundwire-trace': '1' } },
    )
    const body = await read(response)
    expect(body.groundwire).toMatchObject({ limit: 'max_credits' })
    expect(body.choices[0]).toMatchObject({ message: { content: "It is 12 o'clock." }, finish_reason: 'length' })
    expect(steps).toBe(1)
    expect(await balanceOf(key)).toMatchObject({ balance: 7_500n - 6_010n, held: 0n })
  })
})

describe('an answer of any length', () => {
  test('is no longer than what is held pays for, so that nothing is written off', async () => {
    await start()
    const key = await gateway.newKey({ credits: 7_500n })
    let most = 0
    reply = () => {
      most = ollama.requests.at(-1)?.body.options.num_predict
      return { text: 'The answer.', finish: 'length', usage: { promptTokens: 100, completionTokens: most } }
    }
    const body = await read(await gateway.ask(HELLO, { headers: key.headers }))
    expect(body.choices[0].finish_reason).toBe('length')
    expect(most).toBeGreaterThanOrEqual(4_096)
    expect(await usageRows()).toMatchObject([{ completion_tokens: most, written_off: 0, amount: 1_100 + most }])
    expect((await balanceOf(key)).balance).toBe(7_500n - 1_100n - BigInt(most))
  })

  test('may be as long as the model can, where the credits are there', async () => {
    await start()
    const key = await gateway.newKey({ credits: 1_000_000n })
    expect((await gateway.ask(HELLO, { headers: key.headers })).status).toBe(200)
    expect(ollama.requests[0]?.body.options.num_predict).toBe(4_096) // what it is told where nobody says more
  })

  test('is confined on the queued model as well', async () => {
    await start()
    const key = await gateway.newKey({ credits: 7_500n })
    expect((await gateway.ask(CONDUCTOR, { headers: key.headers })).status).toBe(200)
    expect(vllm.requests[0]?.body.max_tokens ?? vllm.requests[0]?.body.max_completion_tokens).toBeGreaterThanOrEqual(
      4_096,
    )
  })
})

describe('a run that is cancelled', () => {
  test('before it has begun costs nothing, at once', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    reply = async () => {
      await promise
      return { text: 'The answer.' }
    }
    await start({ RUNS_PER_CALLER: '1' })
    const key = await gateway.newKey({ credits: 100_000n })
    const ids = []
    for (let count = 0; count < 2; count++) {
      const response = await gateway.ask({ ...CONDUCTOR, background: true }, { headers: key.headers })
      ids.push((await read(response)).id)
    }
    await expect.poll(() => vllm.openRequests).toBe(1)
    const { held } = await balanceOf(key)
    await fetch(`${gateway.url}/v1/runs/${ids[1]}/cancel`, { method: 'POST', headers: key.headers })
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n, held: held / 2n })
    resolve()
    await expect.poll(async () => (await balanceOf(key)).held).toBe(0n)
    expect(await gateway.brokenInvariants()).toEqual([])
  })

  test('in the middle of a step is settled by its worker with what it had begun', async () => {
    reply = () => ({ text: ['one ', 'two ', 'three '], thenHang: true })
    await start()
    const key = await gateway.newKey({ credits: 100_000n })
    const response = await gateway.ask({ ...CONDUCTOR, background: true }, { headers: key.headers })
    const { id } = await read(response)
    await expect.poll(() => vllm.openRequests).toBe(1)
    await fetch(`${gateway.url}/v1/runs/${id}/cancel`, { method: 'POST', headers: key.headers })
    await expect.poll(async () => (await balanceOf(key)).held, { timeout: 10_000 }).toBe(0n)
    expect(await usageRows()).toMatchObject([{ outcome: 'cancelled' }])
    expect(await gateway.brokenInvariants()).toEqual([])
  })
})

test.each(['operator', 'conductor'])(
  'a run of the %s that is cancelled and forgotten as a step ends is charged for it',
  async (model) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    let steps = 0
    reply = async () => {
      steps++
      if (steps === 1) return { toolCalls: [{ id: 'call_1', name: 'noon', arguments: {} }] }
      await promise
      return { text: 'It is noon.' }
    }
    await start({ TOOLS_DIR: 'test/support/tools-that-tell' })
    const key = await gateway.newKey({ credits: 100_000n })
    const { headers } = key
    const { id } = await read(await gateway.ask({ ...HELLO, model, background: true }, { headers }))
    await expect.poll(() => steps).toBe(2)
    await fetch(`${gateway.url}/v1/runs/${id}/cancel`, { method: 'POST', headers })
    await fetch(`${gateway.url}/v1/runs/${id}`, { method: 'DELETE', headers })
    resolve()
    await expect.poll(async () => (await balanceOf(key)).held, { timeout: 10_000 }).toBe(0n)
    const [row] = await usageRows()
    expect(row).toMatchObject({ outcome: 'cancelled', tools: [{ name: 'noon', calls: 1 }] })
    expect(await balanceOf(key)).toMatchObject({ balance: 100_000n - BigInt(String(row?.amount)) })
    expect(await gateway.brokenInvariants()).toEqual([])
  },
)

describe('ceilings', () => {
  test("a key's budget for the day is what it may spend, whatever its account has", async () => {
    await start({ DEFAULT_PRICE: 'run=1000' })
    const key = await gateway.newKey({ credits: 1_000_000n, scopes: { creditsPerDay: 2_500n } })
    const statuses = []
    for (let count = 0; count < 3; count++) statuses.push((await gateway.ask(HELLO, { headers: key.headers })).status)
    expect(statuses).toEqual([200, 200, 402])
    const refused = await gateway.ask(HELLO, { headers: key.headers })
    expect((await read(refused)).error).toMatchObject({ code: 'budget_exceeded', type: 'insufficient_quota' })
    expect(await balanceOf(key)).toMatchObject({ balance: 998_000n, held: 0n })
  })

  test('a budget goes on where its key is replaced by another', async () => {
    await start({ DEFAULT_PRICE: 'run=1000' })
    const key = await gateway.newKey({ credits: 1_000_000n, scopes: { creditsPerMonth: 1_500n } })
    expect((await gateway.ask(HELLO, { headers: key.headers })).status).toBe(200)
    const { secret } = await rotateKey(gateway.database.db, { id: key.id, reach: { type: 'all' } }, SHELL)
    expect((await gateway.ask(HELLO, { headers: { authorization: `Bearer ${secret}` } })).status).toBe(402)
  })

  test.each(['0', '1'])("a key's runs at once are counted over all gateways, with FREE_MODE=%s", async (freeMode) => {
    const { promise, resolve } = Promise.withResolvers<void>()
    reply = async () => {
      await promise
      return { text: 'The answer.' }
    }
    await start({ FREE_MODE: freeMode })
    const first = gateway
    await start({ FREE_MODE: freeMode, DATABASE_URL: first.databaseUrl })
    const key = await first.newKey({ credits: 1_000_000n, scopes: { concurrentRuns: 3 } })
    const replies = Array.from({ length: 12 }, (_, at) =>
      (at % 2 ? first : gateway).ask(HELLO, { headers: key.headers }),
    )
    const refused: number[] = []
    for (const one of replies) void one.then(({ status }) => status === 429 && refused.push(status))
    await expect.poll(() => refused.length).toBe(9)
    resolve()
    expect((await Promise.all(replies)).filter(({ status }) => status === 200)).toHaveLength(3)
    expect((await gateway.ask(HELLO, { headers: key.headers })).status).toBe(200)
  })
})

test('a ledger that cannot be reached is a 503, and no model is called', async () => {
  const store = await cuttableStore()
  await start({ DATABASE_URL: store.url })
  const key = await gateway.newKey({ credits: 100_000n })
  expect((await gateway.ask(HELLO, { headers: key.headers })).status).toBe(200)
  const calls = ollama.requests.length
  await store.cut()
  for (const body of [HELLO, { ...HELLO, stream: true }, { ...CONDUCTOR, background: true }]) {
    const response = await gateway.ask(body, { headers: key.headers })
    expect(response.status).toBe(503)
    expect((await read(response)).error).toMatchObject({ code: 'store_unavailable' })
  }
  expect([ollama.requests.length, vllm.requests.length]).toEqual([calls, 0])
})

/** The test server behind a door that can be shut. */
async function cuttableStore(): Promise<{ url: string; cut(): Promise<void> }> {
  const url = new URL(await testDatabaseUrl())
  const { hostname, port } = url
  const sockets = new Set<Socket>()
  const door = createServer((caller) => {
    const server = connect(Number(port), hostname)
    for (const socket of [caller, server]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    caller.pipe(server).pipe(caller)
  })
  await once(door.listen(0, '127.0.0.1'), 'listening')
  url.port = String((door.address() as AddressInfo).port)
  const cut = async () => {
    for (const socket of sockets) socket.destroy()
    if (door.listening) await new Promise((resolve) => door.close(resolve))
  }
  onTestFinished(cut)
  return { url: url.href, cut }
}
