import { hash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { sql } from 'kysely'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { expect, onTestFinished, test } from 'vitest'
import { createOpenApiDocument } from '../../src/http/openapi/document.ts'
import { testDatabaseUrl } from '../support/database.ts'
import { type GatewayWithMoney, gatewayWithMoney } from '../support/gateway-with-money.ts'
import type { ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedFacilitator } from '../support/scripted-facilitator.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { payer, toHeader, toReply } from '../support/x402-shop.ts'

const NOBODY = 'http://127.0.0.1:9'
const HELLO = { messages: [{ role: 'user', content: 'hello' }] }

/** Something that opens a door. `hash`: what the store has in its place. */
type Secret = { name: string; text: string; hash?: string }

/** One request with its answer, all of it as text. `has`: names of the secrets that it brought, or that its answer is for. */
type Exchange = { name: string; status: number; reply: string; has: readonly string[] }

test('no secret is in any log line, row, metric, trace or error, whatever is asked and whatever fails', async () => {
  const stage = await setStage()
  const { secrets, gateway } = stage
  await play(stage)
  await withTableGone(stage, 'audit_log', () => sweep(stage))
  await withStoreAway(stage, () => sweep(stage))
  await withTableGone(stage, 'api_keys', () => sweep(stage))
  await sweepWrongly(stage)
  await sweep(stage)
  const leaks: string[] = []
  const look = (where: string, text: string, isExpected: (secret: Secret) => boolean = () => false) => {
    for (const secret of secrets) {
      if (!isExpected(secret) && text.includes(needleOf(secret))) leaks.push(`${secret.name} in ${where}`)
    }
  }
  for (const { name, reply, has } of stage.exchanges)
    look(`the answer to ${name}`, reply, (secret) => has.includes(secret.name))
  const lines = gateway.logLines().map((line) => JSON.stringify(line))
  for (const line of lines) look(`the log: ${line}`, line)
  const rows = await allRows(gateway)
  for (const { table, text } of rows) look(`the table ${table}`, text)
  expect([...new Set(leaks)]).toEqual([])

  // It has looked where they would be.
  const stored = rows.map(({ text }) => text).join('\n')
  const hashed = secrets.filter((secret) => secret.hash !== undefined)
  expect(hashed.length).toBeGreaterThan(5)
  for (const { name, hash: text } of hashed) expect(stored, name).toContain(text)
  const tables = [...new Set(rows.map(({ table }) => table))]
  expect(tables).toEqual(
    expect.arrayContaining(
      ['api_keys', 'audit_log', 'run_usage', 'sessions', 'x402_payments'].map((name) => `public.${name}`),
    ),
  )
  const statuses = new Set(stage.exchanges.map(({ status }) => status))
  expect([...statuses].sort()).toEqual(expect.arrayContaining([200, 400, 401, 402, 403, 404, 409, 500, 502, 503]))
  expect(lines.filter((line) => line.includes('"status":500')).length).toBeGreaterThan(10)
}, 120_000)

/** 16 characters from its middle: what may be shown of a key is shorter. A whole payment is mostly what was offered. */
const needleOf = ({ text }: Secret) => (text.length > 200 ? text : text.slice(text.length / 2 - 8, text.length / 2 + 8))

async function setStage() {
  const canary = (name: string) => `canary-${name}-${randomBytes(18).toString('hex')}`
  const [adminKey, backendKey] = [canary('admin'), canary('backend')]
  let reply: (key: string) => ScriptedReply = () => ({ text: 'The answer.' })
  const backend = await scriptedOpenAI(({ headers }) => reply(String(headers.authorization)), { models: ['big'] })
  const facilitator = await scriptedFacilitator()
  onTestFinished(async () => {
    await backend.close()
    await facilitator.close()
  })
  const door = await openDoor(await testDatabaseUrl())
  const gateway = await gatewayWithMoney({
    DATABASE_URL: door.url,
    ADMIN_KEY: adminKey,
    OPERATOR_MODEL: 'openai:big',
    OPENAI_BASE_URL: `${backend.url}/v1`,
    OPENAI_API_KEY: backendKey,
    DEFAULT_PRICE: 'prompt=1000000,completion=1000000,run=1000',
    X402_FACILITATOR_URL: facilitator.url,
    X402_PAY_TO: `0x${'aa'.repeat(20)}`,
    CHAINS: 'ethereum,base',
    RPC_URL_1: NOBODY,
    RPC_URL_8453: NOBODY,
    DRAIN_MS: '100',
  })
  const secrets: Secret[] = [
    { name: 'ADMIN_KEY', text: adminKey },
    { name: "the backend's key", text: backendKey },
    { name: 'the password of the store', text: decodeURIComponent(new URL(gateway.databaseUrl).password) },
  ]
  for (const { name, text } of secrets) expect(text.length, name).toBeGreaterThan(8)
  const exchanges: Exchange[] = []
  return {
    gateway,
    door,
    secrets,
    exchanges,
    /** That paths of the sweep name, by what stands before them. */
    ids: new Map<string, string>(),
    keep(secret: Secret) {
      secrets.push(secret)
      return secret.text
    },
    async ask(method: string, path: string, { bearer, body, headers = {}, has = [] }: Asking = {}) {
      const response = await fetch(gateway.url + path, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      const reply = `${JSON.stringify([...response.headers])}\n${text}`
      exchanges.push({ name: `${method} ${path}`, status: response.status, reply, has })
      return { status: response.status, text }
    },
    adminKey,
    /** What the model's server says from now on. */
    setReply(next: typeof reply) {
      reply = next
    },
  }
}

type Stage = Awaited<ReturnType<typeof setStage>>
type Asking = { bearer?: string; body?: unknown; headers?: Record<string, string>; has?: readonly string[] }
/** Each secret is made and used as it should be, and some of it goes wrong. */
async function play(stage: Stage): Promise<void> {
  const { adminKey, ask, ids, keep, setReply } = stage
  // biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
  const made = async (method: string, path: string, asking: Asking): Promise<any> => {
    const { status, text } = await ask(method, path, asking)
    expect([path, status, text]).toEqual([path, 200, expect.anything()])
    return JSON.parse(text)
  }
  const admin = { bearer: adminKey }

  const key = await made('POST', '/admin/keys', {
    ...admin,
    has: ['a key'],
    body: { name: 'ann', grant: '5', scopes: { manage: true } },
  })
  keep({ name: 'a key', text: key.secret, hash: hash('sha256', key.secret) })
  ids.set('keys', key.id).set('accounts', key.account).set('members', key.account)
  const old = await made('POST', '/v1/keys', { bearer: key.secret, has: ['a rotated key'], body: { name: 'old' } })
  keep({ name: 'a rotated key', text: old.secret, hash: hash('sha256', old.secret) })
  const next = await made('POST', `/v1/keys/${old.id}/rotate`, { bearer: key.secret, has: ['its successor'], body: {} })
  keep({ name: 'its successor', text: next.secret, hash: hash('sha256', next.secret) })

  const wallet = privateKeyToAccount(generatePrivateKey())
  const { message } = await made('POST', '/auth/siwe/message', { body: { address: wallet.address } })
  const signature = keep({ name: 'the signature of a sign-in', text: await wallet.signMessage({ message }) })
  const session = await made('POST', '/auth/siwe/verify', { has: ['a session'], body: { message, signature } })
  keep({ name: 'a session', text: session.token, hash: hash('sha256', session.token) })
  await ask('POST', '/auth/siwe/verify', { body: { message, signature } })

  const voucher = await made('POST', '/admin/vouchers', {
    ...admin,
    has: ['a voucher'],
    body: { amount: '2', max_uses: 5 },
  })
  keep({ name: 'a voucher', text: voucher.code, hash: hash('sha256', voucher.code.replaceAll('-', '')) })
  ids.set('vouchers', voucher.id)
  for (let times = 0; times < 2; times++)
    await ask('POST', '/v1/account/vouchers', { bearer: session.token, body: { code: voucher.code } })

  const org = await made('POST', '/v1/orgs', { bearer: session.token, body: { slug: 'acme', name: 'Acme' } })
  ids.set('orgs', org.slug)
  const invitation = await made('POST', '/v1/orgs/acme/invitations', {
    bearer: session.token,
    has: ['an invitation'],
    body: { role: 'member' },
  })
  keep({ name: 'an invitation', text: invitation.token, hash: hash('sha256', invitation.token) })
  for (let times = 0; times < 2; times++)
    await ask('POST', '/v1/orgs/invitations/accept', { bearer: key.secret, body: { token: invitation.token } })

  await pay(stage, key.secret)

  for (const trace of [{}, { groundwire: { trace: true } }]) {
    await ask('POST', '/v1/chat/completions', { bearer: key.secret, body: { ...HELLO, ...trace } })
    await ask('POST', '/v1/chat/completions', { bearer: session.token, body: { ...HELLO, ...trace, stream: true } })
  }
  const poor = await made('POST', '/admin/keys', {
    ...admin,
    has: ['a key without credits'],
    body: { name: 'poor', scopes: { models: ['operator'] } },
  })
  keep({ name: 'a key without credits', text: poor.secret, hash: hash('sha256', poor.secret) })
  await ask('POST', '/v1/chat/completions', { bearer: poor.secret, body: HELLO })
  await ask('POST', '/v1/chat/completions', { bearer: poor.secret, body: { ...HELLO, model: 'conductor' } })
  // Backends that tell the key they were given, as some do.
  setReply((authorization) => ({ status: 401, error: `Incorrect API key provided: ${authorization}` }))
  await ask('POST', '/v1/chat/completions', { bearer: key.secret, body: HELLO })
  setReply((authorization) => ({ text: ['a', 'b'], garbled: `data: {"authorization":"${authorization}"\n\n` }))
  await ask('POST', '/v1/chat/completions', { bearer: key.secret, body: { ...HELLO, stream: true } })
  setReply(() => ({ text: 'The answer.' }))
}

/** One payment that is taken, again, and for something else. */
async function pay({ gateway, keep, ask }: Stage, bearer: string): Promise<void> {
  const path = '/v1/account/topups/x402'
  const offer = await fetch(gateway.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify({ amount: '1' }),
  })
  const payment = await payer().sign((await toReply(offer)).required)
  keep({ name: 'the signature of a payment', text: String(payment.payload.signature) })
  const headers = toHeader(payment)
  keep({ name: 'a payment', text: headers['payment-signature'] })
  for (const amount of ['1', '1', '2']) await ask('POST', path, { bearer, body: { amount }, headers })
}

type Operation = { requestBody?: { content: Record<string, { examples?: Record<string, { value: unknown }> }> } }

const METHODS = ['get', 'post', 'patch', 'delete']

/** All that the document knows; what ends something comes last. */
const OPERATIONS = Object.entries(createOpenApiDocument().paths as Record<string, Record<string, Operation>>)
  .flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => METHODS.includes(method))
      .map(([method, { requestBody }]) => ({ path, method: method.toUpperCase(), body: exampleOf(requestBody) })),
  )
  .sort((one, other) => METHODS.indexOf(one.method.toLowerCase()) - METHODS.indexOf(other.method.toLowerCase()))

/** Every operation as a caller, by key and by session, and as the operator. */
async function sweep({ ask, secrets, ids }: Stage, wayOf: (turn: number) => Sweep = () => ({})): Promise<void> {
  const bearers = ['a key', 'ADMIN_KEY', 'a session'].map(
    (name) => secrets.find((secret) => secret.name === name)?.text,
  )
  for (const [turn, { path, method, body }] of OPERATIONS.entries()) {
    const { bearer, lost, headers = {} } = wayOf(turn)
    const at = path.replaceAll(
      /([a-z]+)\/\{(\w+)\}/g,
      (_, kind: string) => `${kind}/${lost?.text ?? ids.get(kind) ?? 'none'}`,
    )
    const query = lost === undefined ? '' : `?after=${lost.text}&org=${lost.text}&account=${lost.text}`
    const asking = { headers, has: [lost?.name ?? ''], ...(method !== 'GET' && { body }) }
    const asks = (bearer === undefined ? bearers : [bearer]).map((text = '') =>
      ask(method, at + query, { ...asking, bearer: text }),
    )
    await Promise.all(asks)
  }
}

/** As nobody, with keys that are none, and with secrets where none belong. */
async function sweepWrongly(stage: Stage): Promise<void> {
  const ours = stage.secrets.filter(({ text }) => /^gw[a-z]?_/.test(text))
  const of = (turn: number) => ours[turn % ours.length] ?? expect.fail('no secrets')
  const bearer = stage.secrets.find(({ name }) => name === 'a key')?.text ?? ''
  await sweep(stage, () => ({ bearer: '' }))
  await sweep(stage, () => ({ bearer: `gw_${randomBytes(32).toString('base64url')}` }))
  await sweep(stage, (turn) => ({ bearer: of(turn).text }))
  await sweep(stage, (turn) => ({ bearer, lost: of(turn) }))
  await sweep(stage, (turn) => ({ bearer: stage.adminKey, lost: of(turn) }))
  await sweep(stage, (turn) => ({ bearer, headers: { 'x-wallet-address': of(turn).text } }))
  await sweep(stage, (turn) => ({ bearer, headers: { 'openai-organization': of(turn).text } }))
}

/** `lost` is a secret that stands where none belongs: in the path and in the query. */
type Sweep = { bearer?: string; lost?: Secret; headers?: Record<string, string> }

function exampleOf(requestBody: Operation['requestBody']): unknown {
  return Object.values(requestBody?.content['application/json']?.examples ?? {})[0]?.value ?? {}
}

/** Faults of ours: nothing that they say of the statement may get out. */
async function withTableGone({ gateway }: Stage, table: string, work: () => Promise<void>): Promise<void> {
  const gone = `${table}_gone`
  await sql`alter table ${sql.table(table)} rename to ${sql.table(gone)}`.execute(gateway.database.db)
  await work()
  await sql`alter table ${sql.table(gone)} rename to ${sql.table(table)}`.execute(gateway.database.db)
}

/** The door is shut, and who was in is put out. */
async function withStoreAway({ door }: Stage, work: () => Promise<void>): Promise<void> {
  door.shut()
  await work()
  door.open()
}

/** A way to the server that can be shut. */
async function openDoor(databaseUrl: string): Promise<{ url: string; shut(): void; open(): void }> {
  const url = new URL(databaseUrl)
  const { hostname, port } = url
  const sockets = new Set<Socket>()
  let isShut = false
  const door = createServer((caller) => {
    if (isShut) return caller.destroy()
    const server = connect(Number(port), hostname)
    for (const socket of [caller, server]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    }
    caller.pipe(server).pipe(caller)
  })
  await once(door.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    door.close()
  })
  url.port = String((door.address() as AddressInfo).port)
  return {
    url: url.href,
    shut() {
      isShut = true
      for (const socket of sockets) socket.destroy()
    },
    open() {
      isShut = false
    },
  }
}

/** Every row of every table there is, as Postgres writes it. */
async function allRows({ database: { db } }: GatewayWithMoney): Promise<{ table: string; text: string }[]> {
  const { rows: tables } = await sql<{ schema: string; name: string }>`
    select nspname as schema, relname as name from pg_class join pg_namespace n on n.oid = relnamespace
    where relkind in ('r', 'p', 'm') and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg_toast%'`.execute(
    db,
  )
  const found: { table: string; text: string }[] = []
  for (const { schema, name } of tables) {
    const { rows } = await sql<{ text: string }>`select t::text as text from ${sql.id(schema, name)} as t`.execute(db)
    found.push(...rows.map(({ text }) => ({ table: `${schema}.${name}`, text })))
  }
  return found
}
