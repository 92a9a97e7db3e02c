import OpenAI from 'openai'
import { pino } from 'pino'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Identity } from '../../src/accounts/identity.ts'
import { createRateLimits } from '../../src/accounts/limits/create-rate-limits.ts'
import { createPostgresCounters } from '../../src/accounts/limits/postgres-counters.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import { BadRequestError, GatewayError } from '../../src/errors.ts'
import { limitCaller } from '../../src/http/rate-limits/limit-caller.ts'
import { limitIp } from '../../src/http/rate-limits/limit-ip.ts'
import { createTakeTokens } from '../../src/http/rate-limits/take-tokens.ts'
import { toTrustProxy } from '../../src/http/rate-limits/trusted-proxies.ts'
import type { RequestNote } from '../../src/http/request-note.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { testDatabase } from '../support/database.ts'
import { HELLO, says } from '../support/http-gateway.ts'
import { ADMIN_KEY, startHttpWithAccounts } from '../support/http-gateway-with-accounts.ts'
import { operations } from '../support/openapi-document.ts'
import { newWallet } from '../support/orgs.ts'

const NO_LIMITS = { requestsPerMinute: 0, tokensPerMinute: 0, orgRequestsPerMinute: 0, ipRequestsPerMinute: 0 }

let shared: Database
beforeAll(async () => {
  shared = await testDatabase()
})
beforeEach(() => shared.db.deleteFrom('rate_limits').execute())
afterAll(() => shared?.close())

type Options = Partial<typeof NO_LIMITS> & {
  database?: Database
  windowMs?: number
  trustedProxies?: readonly string[]
  scopes?: Identity['scopes']
  org?: string
  /** What a request is taken for. */
  estimate?: number
  /** How its run ends. */
  run?: (note: RequestNote) => void
  isJoined?: boolean
}

/** The limits before a model that answers at once. Who calls is whom the bearer names; `wrong` is nobody. */
async function start(options: Options) {
  const { database = shared, windowMs, trustedProxies = [], estimate = 20, ...rest } = options
  const { scopes = {}, org, run = endAsEstimated, isJoined = false, ...settings } = rest
  const counters = createPostgresCounters({ database, ...(windowMs !== undefined && { windowMs }) })
  const limits = createRateLimits({ counters, settings: { ...NO_LIMITS, ...settings } })
  const log = pino({ level: 'silent' })
  const takeTokens = createTakeTokens({ limits, log })
  const app = createBareApp({ log })
  app.set('trust proxy', toTrustProxy(trustedProxies))
  app.use('/v1', limitIp(limits))
  app.use((req, res, next) => {
    const caller = req.get('authorization')?.slice('Bearer '.length) ?? ''
    if (caller === 'wrong') throw new GatewayError('Incorrect API key.', { status: 401, code: 'invalid_api_key' })
    const seat = { slug: '', role: 'member', creditsPerDay: undefined, creditsPerMonth: undefined } as const
    const key = { id: `key_${caller}`, name: caller }
    const found = {
      caller,
      credential: 'key',
      account: caller,
      wallet: undefined,
      key,
      payers: [caller],
      scopes,
    } as const
    res.locals.identity = { ...found, org: org === undefined ? undefined : { id: org, ...seat } }
    next()
  })
  app.get('/v1/models', (_req, res) => void res.json({}))
  app.post('/v1/chat/completions', limitCaller(limits), async (req, res) => {
    if (req.get('x-bad') !== undefined) throw new BadRequestError('Bad.')
    const giveBack = await takeTokens(res, () => estimate)
    if (isJoined) giveBack()
    run(res.locals.note)
    res.json({ id: 'chatcmpl-1', object: 'chat.completion', choices: [] })
  })
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  const ask = (caller: string, headers: Record<string, string> = {}) =>
    fetch(`${url}/v1/chat/completions`, { method: 'POST', headers: { authorization: `Bearer ${caller}`, ...headers } })
  return { url, ask }
}

const endAsEstimated = (note: RequestNote) => void Object.assign(note, { ...ENDED, usage: toUsage(20) })
const ENDED = { runBegun: true, finish: 'stop' }
const toUsage = (tokens: number) => ({ promptTokens: tokens - 5, completionTokens: 5 })

const statusesOf = (replies: readonly Response[]) => replies.map(({ status }) => status)
const ratesOf = ({ headers }: Response) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('x-ratelimit-')))

test('two gateways on one store admit exactly the limit of a caller, of 100 requests at once', async () => {
  const one = await start({ requestsPerMinute: 30 })
  const twin = connectDatabase({ connectionString: shared.connectionString, advice: '' })
  onTestFinished(() => twin.close())
  const other = await start({ requestsPerMinute: 30, database: twin })
  const replies = await Promise.all(Array.from({ length: 100 }, (_, at) => (at % 2 ? one : other).ask('a')))
  expect(statusesOf(replies).filter((status) => status === 200)).toHaveLength(30)
  expect(statusesOf(replies).filter((status) => status === 429)).toHaveLength(70)
  expect((await other.ask('b')).status).toBe(200)
})

test('a reply tells what is left, and a refusal when to come back', async () => {
  const { ask } = await start({ requestsPerMinute: 2, tokensPerMinute: 1_000 })
  const first = await ask('a')
  expect(ratesOf(first)).toEqual({
    'x-ratelimit-limit-requests': '2',
    'x-ratelimit-remaining-requests': '1',
    'x-ratelimit-reset-requests': '1m0s',
    'x-ratelimit-limit-tokens': '1000',
    'x-ratelimit-remaining-tokens': '980',
    'x-ratelimit-reset-tokens': '1m0s',
  })
  expect(first.headers.has('retry-after')).toBe(false)
  await ask('a')
  const refused = await ask('a')
  expect(refused.status).toBe(429)
  expect(await refused.json()).toEqual({
    error: {
      message: expect.stringMatching(
        /^Rate limit reached for this caller on requests per min \(RPM\): Limit 2, Used 2, Requested 1\. Please try again in \d+s\.$/,
      ),
      type: 'requests',
      param: null,
      code: 'rate_limit_exceeded',
    },
  })
  const retryAfterSec = Number(refused.headers.get('retry-after'))
  expect(retryAfterSec).toBeGreaterThan(30)
  expect(retryAfterSec).toBeLessThanOrEqual(60)
  expect(refused.headers.get('x-ratelimit-remaining-requests')).toBe('0')
  expect(refused.headers.has('x-should-retry')).toBe(false)
})

test('the limit with the least room fills the headers, be it that of the key, the caller, the org or the address', async () => {
  const limits = { requestsPerMinute: 40, orgRequestsPerMinute: 30, ipRequestsPerMinute: 20 }
  const scopes = { requestsPerMinute: 10, tokensPerMinute: 100 }
  const limitOf = async (options: Options) =>
    (await (await start(options)).ask('a')).headers.get('x-ratelimit-limit-requests')
  expect(await limitOf({ ...limits, scopes, org: 'org_1' })).toBe('10')
  expect(await limitOf({ ...limits, org: 'org_1' })).toBe('20')
  expect(await limitOf({ ...limits, ipRequestsPerMinute: 0, org: 'org_1' })).toBe('30')
  expect(await limitOf({ ...limits, ipRequestsPerMinute: 0 })).toBe('40')
})

test('members of an org share its limit', async () => {
  const { ask } = await start({ orgRequestsPerMinute: 2, org: 'org_1' })
  expect(statusesOf([await ask('a'), await ask('b'), await ask('c')])).toEqual([200, 200, 429])
})

test('keys cannot be guessed at speed: an address is limited before anybody is asked who they are', async () => {
  const { ask, url } = await start({ ipRequestsPerMinute: 3 })
  const replies = [await ask('wrong'), await ask('wrong'), await fetch(`${url}/v1/models`), await ask('wrong')]
  expect(statusesOf(replies)).toEqual([401, 401, 200, 429])
  expect(replies.map(({ headers }) => headers.get('x-ratelimit-remaining-requests'))).toEqual(['2', '1', '0', '0'])
  expect((await ask('right')).status).toBe(429)
})

test('requests that fail count as well', async () => {
  const { ask } = await start({ requestsPerMinute: 2 })
  const bad = () => ask('a', { 'x-bad': '1' })
  expect(statusesOf([await bad(), await bad(), await bad(), await ask('a')])).toEqual([400, 400, 429, 429])
})

test('where nothing is limited, no header tells of it and the store is not asked', async () => {
  const database = await testDatabase()
  const { ask } = await start({ database })
  await database.close()
  const reply = await ask('a')
  expect(reply.status).toBe(200)
  expect(ratesOf(reply)).toEqual({})
})

test.each([
  ['of addresses', { ipRequestsPerMinute: 100 }],
  ['of callers', { requestsPerMinute: 100 }],
  ['of tokens', { tokensPerMinute: 100 }],
])('while the store is away, limits %s let nobody through', async (_, limits) => {
  const database = await testDatabase()
  const { ask } = await start({ ...limits, database })
  await database.close()
  const reply = await ask('a')
  expect(reply.status).toBe(503)
  expect(reply.headers.get('retry-after')).toBe('5')
  expect(await reply.json()).toMatchObject({ error: { code: 'store_unavailable' } })
})

test('the openai SDK comes back when the limit has told it to, and is served', async () => {
  const { url } = await start({ requestsPerMinute: 1, windowMs: 2_000 })
  const seen: { status: number; retryAfterSec: number; atMs: number }[] = []
  const client = toClient(url, (reply) =>
    seen.push({
      status: reply.status,
      retryAfterSec: Number(reply.headers.get('retry-after')),
      atMs: performance.now(),
    }),
  )
  while (seen.every(({ status }) => status === 200)) await client.chat.completions.create(QUESTION)
  const [refused, served] = seen.slice(-2)
  expect([refused?.status, served?.status]).toEqual([429, 200])
  expect(refused?.retryAfterSec).toBeGreaterThan(0)
  const waitedMs = (served?.atMs ?? 0) - (refused?.atMs ?? 0)
  expect(waitedMs).toBeGreaterThan((refused?.retryAfterSec ?? 0) * 1_000 - 50)
})

test('the openai SDK throws a RateLimitError that has the headers', async () => {
  const { url } = await start({ requestsPerMinute: 1 })
  const client = toClient(url).withOptions({ maxRetries: 0 })
  await client.chat.completions.create(QUESTION)
  const error = await client.chat.completions.create(QUESTION).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' })
  expect(error.headers.get('x-ratelimit-limit-requests')).toBe('1')
  expect(error.headers.get('x-ratelimit-reset-requests')).toMatch(/^(\d+s|1m0s)$/)
})

test('the openai SDK does not repeat a request that is larger than the tokens of a whole minute', async () => {
  const statuses: number[] = []
  const { url } = await start({ tokensPerMinute: 10 })
  const client = toClient(url, ({ status }) => statuses.push(status))
  const error = await client.chat.completions.create(QUESTION).catch((thrown) => thrown)
  expect(error).toBeInstanceOf(OpenAI.RateLimitError)
  expect(error.message).toContain('Request too large for this caller on tokens per min (TPM): Limit 10, Requested 20.')
  expect(error.headers.get('x-should-retry')).toBe('false')
  expect(error.headers.has('retry-after')).toBe(false)
  expect(statuses).toEqual([429])
})

const QUESTION = { model: 'operator', messages: [] }

function toClient(url: string, onReply: (reply: Response) => void = () => {}): OpenAI {
  const hearing: typeof fetch = async (...args) => {
    const reply = await fetch(...args)
    onReply(reply)
    return reply
  }
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'a', fetch: hearing })
}

test.each<[string, (note: RequestNote) => void, number]>([
  ['what it used, where it has ended', (note) => Object.assign(note, { ...ENDED, usage: toUsage(15) }), 985],
  ['more than estimated, where it used more', (note) => Object.assign(note, { ...ENDED, usage: toUsage(500) }), 500],
  ['nothing, where it has failed before the model was heard', fail, 1_000],
  ['no less than estimated, where it was broken off', (note) => fail(Object.assign(note, { runBegun: true })), 980],
  ['what was estimated, where it goes on by itself', () => {}, 980],
])('a run counts for %s', async (_, run, remaining) => {
  const { ask } = await start({ tokensPerMinute: 1_000, run })
  await ask('a')
  const left = async () => (await ask('a', { 'x-bad': '1' })).headers.get('x-ratelimit-remaining-tokens')
  await expect.poll(left).toBe(String(remaining))
})

function fail(_note: RequestNote): never {
  throw new GatewayError('The model does not answer.', { status: 502, code: 'model_backend_error' })
}

test('a run that another request has begun counts for nothing', async () => {
  const { ask } = await start({ tokensPerMinute: 1_000, isJoined: true })
  await ask('a')
  const left = async () => (await ask('a', { 'x-bad': '1' })).headers.get('x-ratelimit-remaining-tokens')
  await expect.poll(left).toBe('1000')
})

test('who has overdrawn the tokens of a minute is refused until it is over', async () => {
  const { ask } = await start({
    tokensPerMinute: 100,
    run: (note) => Object.assign(note, { ...ENDED, usage: toUsage(500) }),
  })
  expect((await ask('a')).status).toBe(200)
  await expect.poll(async () => (await ask('a')).status).toBe(429)
  const refused = await ask('a')
  expect(await refused.json()).toMatchObject({ error: { type: 'tokens', code: 'rate_limit_exceeded' } })
  expect(refused.headers.get('x-ratelimit-remaining-tokens')).toBe('0')
})

const from = (...addresses: string[]) => ({ 'x-forwarded-for': addresses.join(', ') })

test.each([
  ['nobody is trusted', []],
  ['others are trusted', ['10.0.0.0/8', '::1']],
])('a forged X-Forwarded-For changes nothing where %s', async (_, trustedProxies) => {
  const { ask } = await start({ ipRequestsPerMinute: 2, trustedProxies })
  const replies = [await ask('a', from('1.1.1.1')), await ask('a', from('2.2.2.2')), await ask('a', from('10.0.0.9'))]
  expect(statusesOf(replies)).toEqual([200, 200, 429])
})

test('of a trusted proxy the right-most address counts that is none of the proxies', async () => {
  const { ask } = await start({ ipRequestsPerMinute: 2, trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'] })
  const behind = (forged: string, caller: string) => ask('a', from(forged, caller, '10.1.2.3'))
  const replies = [
    await behind('1.1.1.1', '9.9.9.9'),
    await behind('2.2.2.2', '9.9.9.9'),
    await behind('3.3.3.3', '9.9.9.9'),
  ]
  expect(statusesOf(replies)).toEqual([200, 200, 429])
  expect((await behind('1.1.1.1', '8.8.8.8')).status).toBe(200)
})

test('all of an IPv6 /64 counts as one', async () => {
  const { ask } = await start({ ipRequestsPerMinute: 2, trustedProxies: ['127.0.0.1'] })
  const replies = [
    await ask('a', from('2001:db8::1')),
    await ask('a', from('2001:db8::ffff:2')),
    await ask('a', from('2001:db8:0:0:1::3')),
  ]
  expect(statusesOf(replies)).toEqual([200, 200, 429])
  expect((await ask('a', from('2001:db8:0:1::1'))).status).toBe(200)
})

/** A gateway with all routes, and a key that may change its account. */
async function startWithKey(env: Record<string, string>) {
  const { url } = await startHttpWithAccounts(says('ok'), env)
  const ask = (method: string, path: string, { as, body }: { as?: string; body?: object } = {}) =>
    fetch(url + path, {
      method,
      headers: { ...(body && { 'content-type': 'application/json' }), ...(as && { authorization: `Bearer ${as}` }) },
      ...(body && { body: JSON.stringify(body) }),
    })
  const order = { name: 'bot', account: newWallet(), scopes: { manage: true } }
  const made = await ask('POST', '/admin/keys', { as: ADMIN_KEY, body: order })
  const { secret: as, id } = (await made.json()) as { secret: string; id: string }
  return { ask, as, id }
}

/** Of what counts: that which a caller does with its account, but for what ends something. */
const COUNTED = operations.filter(
  ({ path, method, operation }) =>
    method !== 'delete' && path.startsWith('/v1/') && operation.tags.some((tag) => /^(account|keys|orgs)$/.test(tag)),
)

test('what a caller does with its account counts toward its requests as what it asks a model does', async () => {
  const { ask, as } = await startWithKey({ REQUESTS_PER_MINUTE: '2' })
  const first = await ask('POST', '/v1/keys', { as, body: { name: 'more' } })
  expect(first.status).toBe(200)
  expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1')
  expect((await ask('GET', '/v1/account', { as })).status).toBe(200)
  expect((await ask('POST', '/v1/chat/completions', { as, body: HELLO })).status).toBe(429)
  expect(COUNTED.length).toBeGreaterThan(20)
  for (const { path, method } of COUNTED) {
    const refused = await ask(method.toUpperCase(), path, { as, ...(method !== 'get' && { body: {} }) })
    expect(refused.status, `${method} ${path}`).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect((await ask('GET', '/admin/keys', { as: ADMIN_KEY })).status).toBe(200)
})

test('who has used up its minute revokes keys all the same', async () => {
  const { ask, as, id } = await startWithKey({ REQUESTS_PER_MINUTE: '1' })
  const list = () => ask('GET', '/v1/keys', { as })
  expect(statusesOf([await list(), await list()])).toEqual([200, 429])
  expect((await ask('DELETE', `/v1/keys/${id}`, { as })).status).toBe(200)
})

test('signing in, which needs no credential, counts by address', async () => {
  const { url } = await startHttpWithAccounts(says('ok'), { IP_REQUESTS_PER_MINUTE: '2' })
  const nonce = () => fetch(`${url}/auth/siwe/nonce`, { method: 'POST' })
  expect(statusesOf([await nonce(), await nonce(), await nonce()])).toEqual([200, 200, 429])
})
