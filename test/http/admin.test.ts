import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { createAdminDesk } from '../../src/accounts/admin/create-admin-desk.ts'
import { hashSecret } from '../../src/accounts/keys/key-secret.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import { adminRoutes } from '../../src/http/admin/admin-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { testDatabase } from '../support/database.ts'

const ADMIN_KEY = 'correct-horse-battery-staple'
const WALLET = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

/** What a spec reads of a reply; which of it is there depends on the route. */
type Reply = {
  status: number
  headers: Headers
  body: {
    id: string
    account: string
    secret: string
    repeated: boolean
    data: Record<string, unknown>[]
    error: { code: string; message: string }
  }
}

async function startAdmin(options: { adminKey: string | undefined } = { adminKey: ADMIN_KEY }) {
  const database = await testDatabase()
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.use(adminRoutes({ ...options, desk: createAdminDesk(database), bodyLimitBytes: 65_536 }))
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  const ask = async (path: string, { method = 'GET', body = undefined as unknown, key = ADMIN_KEY } = {}) => {
    const response = await fetch(`${url}/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return { status: response.status, headers: response.headers, body: await response.json() } as Reply
  }
  const post = (path: string, body: unknown = {}) => ask(path, { method: 'POST', body })
  return { db: database.db, close: () => database.close(), url, ask, post }
}

test('without ADMIN_KEY there are no admin routes', async () => {
  const { ask, post } = await startAdmin({ adminKey: undefined })
  for (const reply of [await ask('/accounts'), await post('/accounts', { name: 'ann' }), await ask('/no-such-route')]) {
    expect(reply.status).toBe(404)
    expect(reply.body.error.message).toMatch(/^Invalid URL/)
  }
})

test('on each route a wrong admin key, or none, is a 401 that does not repeat it', async () => {
  const { url } = await startAdmin()
  const wrong = [
    undefined,
    'Bearer ',
    `Bearer ${ADMIN_KEY.slice(0, -1)}`,
    `Bearer ${ADMIN_KEY}x`,
    `Basic ${btoa(`admin:${ADMIN_KEY}`)}`,
  ]
  for (const [method, path] of ROUTES) {
    for (const authorization of wrong) {
      const response = await fetch(url + path, {
        method,
        headers: authorization === undefined ? {} : { authorization },
      })
      expect([method, path, response.status]).toEqual([method, path, 401])
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const text = await response.text()
      expect(JSON.parse(text).error).toMatchObject({ type: 'authentication_error', code: 'invalid_admin_key' })
      expect(text).not.toContain('staple')
    }
  }
})

const ROUTES = [
  ['GET', '/admin/accounts'],
  ['POST', '/admin/accounts'],
  ['GET', '/admin/accounts/x'],
  ['POST', '/admin/accounts/x/grants'],
  ['POST', '/admin/accounts/x/corrections'],
  ['GET', '/admin/keys'],
  ['POST', '/admin/keys'],
  ['GET', '/admin/keys/x'],
  ['PATCH', '/admin/keys/x'],
  ['DELETE', '/admin/keys/x'],
  ['POST', '/admin/keys/x/rotate'],
  ['GET', '/admin/vouchers'],
  ['POST', '/admin/vouchers'],
  ['DELETE', '/admin/vouchers/x'],
  ['GET', '/admin/orgs'],
  ['POST', '/admin/orgs'],
  ['GET', '/admin/orgs/x/members'],
  ['GET', '/admin/audit'],
  ['GET', '/admin/usage'],
  ['GET', '/admin/ledger/verify'],
] as const

test('an account for who has no wallet is made, found and listed', async () => {
  const { ask, post } = await startAdmin()
  const made = await post('/accounts', { name: 'ann' })
  expect(made.status).toBe(200)
  expect(made.body).toMatchObject({ object: 'account', kind: 'account', name: 'ann', balance: '0', available: '0' })
  const { id } = made.body
  expect(id).toMatch(/^acct_[a-z0-9]{16}$/)
  expect((await ask(`/accounts/${id}`)).body).toEqual(made.body)
  expect((await ask('/accounts')).body).toEqual({
    object: 'list',
    data: [made.body],
    first_id: id,
    last_id: id,
    has_more: false,
  })
})

test('lists come page by page, the latest first', async () => {
  const { ask, post } = await startAdmin()
  const ids: string[] = []
  for (const name of ['a', 'b', 'c']) ids.unshift((await post('/accounts', { name })).body.id)
  const seen: string[] = []
  let after = ''
  for (let page = 0; page < 5; page++) {
    const { body } = await ask(`/accounts?limit=2${after}`)
    const { data, has_more, last_id } = body as unknown as {
      data: { id: string }[]
      has_more: boolean
      last_id: string
    }
    seen.push(...data.map(({ id }) => id))
    if (!has_more) break
    after = `&after=${last_id}`
  }
  expect(seen).toEqual(ids)
  expect((await ask('/accounts?kind=org')).body).toMatchObject({ data: [], first_id: null })
  expect(await ask('/accounts?after=acct_none')).toMatchObject({ status: 400, body: { error: { param: 'after' } } })
  expect(await ask('/accounts?after=%00')).toMatchObject({ status: 400 })
  expect(await ask('/audit?after=nothing')).toMatchObject({ status: 400 })
})

test('a grant opens the account of a wallet, and the same id gives once', async () => {
  const { ask, post } = await startAdmin()
  const grant = { amount: '1.25', id: 'order-17', note: 'thanks' }
  const replies = await Promise.all(Array.from({ length: 5 }, () => post(`/accounts/${WALLET}/grants`, grant)))
  const wallet = WALLET.toLowerCase()
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
  for (const { body } of replies)
    expect(body).toMatchObject({ id: 'order-17', object: 'grant', account: wallet, amount: '1.25', balance: '1.25' })
  expect(replies.filter(({ body }) => !body.repeated)).toHaveLength(1)
  expect((await ask(`/accounts/${wallet}`)).body).toMatchObject({ kind: 'wallet', balance: '1.25' })
  await post(`/accounts/${WALLET}/grants`, { amount: '1' })
  await post(`/accounts/${WALLET}/grants`, { amount: '1' })
  expect((await ask(`/accounts/${WALLET}`)).body).toMatchObject({ balance: '3.25' })
})

test('an id that was used for another grant is refused', async () => {
  const { ask, post } = await startAdmin()
  const [ann, ben] = [
    (await post('/accounts', { name: 'ann' })).body.id,
    (await post('/accounts', { name: 'ben' })).body.id,
  ]
  expect((await post(`/accounts/${ann}/grants`, { amount: '1', id: 'x' })).status).toBe(200)
  for (const [account, amount] of [
    [ann, '2'],
    [ben, '1'],
  ]) {
    expect(await post(`/accounts/${account}/grants`, { amount, id: 'x' })).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_key_reused', param: 'id' } },
    })
  }
  const accounts = await Promise.all(Array.from({ length: 4 }, (_, n) => post('/accounts', { name: `${n}` })))
  const race = await Promise.all(
    accounts.map(({ body }) => post(`/accounts/${body.id}/grants`, { amount: '1', id: 'y' })),
  )
  expect(race.map(({ status }) => status).sort()).toEqual([200, 422, 422, 422])
  expect((await ask(`/accounts/${ben}`)).body).toMatchObject({ balance: '0' })
})

test('an amount is a text of credits, above nothing and with at most six decimals', async () => {
  const { post } = await startAdmin()
  for (const amount of ['0', '-1', '0.0000001', '1e3', '1000000001', 5, null]) {
    expect(await post(`/accounts/${WALLET}/grants`, { amount })).toMatchObject({
      status: 400,
      body: { error: { param: 'amount' } },
    })
  }
  expect((await post(`/accounts/${WALLET}/grants`, { amount: '0.000001' })).body).toMatchObject({ balance: '0.000001' })
})

test('a grant of more than an account can hold is refused, and leaves what there is', async () => {
  const { db, ask, post } = await startAdmin()
  const path = `/accounts/${WALLET}`
  await post(`${path}/grants`, { amount: '1' })
  await db
    .updateTable('accounts')
    .set({ balance: '9223372036854775807' })
    .where('id', '=', WALLET.toLowerCase())
    .execute()
  expect(await post(`${path}/grants`, { amount: '0.000001' })).toMatchObject({
    status: 400,
    body: { error: { param: 'amount', message: expect.stringContaining('cannot hold as many credits') } },
  })
  expect((await ask(path)).body).toMatchObject({ balance: '9223372036854.775807' })
})

test('an account that is none, or not there, is refused', async () => {
  const { ask, post } = await startAdmin()
  const grant = { amount: '1' }
  expect(await post('/accounts/bob/grants', grant)).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_account' } },
  })
  const mistyped = WALLET.replace('dA6', 'Da6')
  expect(await post(`/accounts/${mistyped}/grants`, grant)).toMatchObject({ status: 400 })
  for (const id of ['acct_aaaaaaaaaaaaaaaa', 'org_aaaaaaaaaaaaaaaa']) {
    expect(await post(`/accounts/${id}/grants`, grant)).toMatchObject({
      status: 404,
      body: { error: { code: 'account_not_found' } },
    })
    expect((await ask(`/accounts/${id}`)).status).toBe(404)
  }
  expect((await ask('/accounts')).body).toMatchObject({ data: [] })
})

test('a correction takes back what is not held, and no more', async () => {
  const { ask, post } = await startAdmin()
  await post(`/accounts/${WALLET}/grants`, { amount: '5' })
  expect((await post(`/accounts/${WALLET}/corrections`, { amount: '2', note: 'a mistake' })).body).toMatchObject({
    object: 'correction',
    amount: '2',
    balance: '3',
  })
  expect(await post(`/accounts/${WALLET}/corrections`, { amount: '3.000001', note: 'more' })).toMatchObject({
    status: 409,
    body: {
      error: {
        code: 'insufficient_credits',
        type: 'conflict_error',
        message: expect.stringContaining('has 3 credits'),
      },
    },
  })
  expect(await post(`/accounts/${WALLET}/corrections`, { amount: '1' })).toMatchObject({
    status: 400,
    body: { error: { param: 'note' } },
  })
  expect((await ask(`/accounts/${WALLET}`)).body).toMatchObject({ balance: '3' })
})

test('a key without an owner gets an account, and its grant; the secret is shown once', async () => {
  const { db, ask, post } = await startAdmin()
  const made = await post('/keys', {
    name: 'ann',
    grant: '5',
    scopes: { models: ['operator'], credits_per_day: '1.5' },
  })
  const { secret, ...key } = made.body
  expect(made.status).toBe(200)
  expect(made.headers.get('cache-control')).toBe('no-store')
  expect(secret).toMatch(/^gw_[\w-]{43}$/)
  expect(key).toMatchObject({ name: 'ann', status: 'active', scopes: { models: ['operator'], credits_per_day: '1.5' } })
  expect((await ask(`/accounts/${key.account}`)).body).toMatchObject({ kind: 'account', name: 'ann', balance: '5' })
  expect((await ask(`/keys/${key.id}`)).body).toEqual(key)
  expect((await ask('/keys')).body).toMatchObject({ data: [key] })
  const { hash } = await db.selectFrom('api_keys').select('hash').executeTakeFirstOrThrow()
  expect(hash).toBe(hashSecret(secret))
})

test('a key is made for a wallet, an account, an org, or a member of one', async () => {
  const { ask, post } = await startAdmin()
  const { id: account } = (await post('/accounts', { name: 'ann' })).body
  const { id: org } = (await post('/orgs', { slug: 'acme', name: 'Acme', owner: account })).body
  const keys = [
    [{ account: WALLET }, { account: WALLET.toLowerCase(), org_id: null }],
    [{ account }, { account, org_id: null }],
    [{ org: 'acme' }, { account: org, org_id: org, org_mode: 'strict' }],
    [
      { account, org, org_mode: 'fallback' },
      { account, org_id: org, org_mode: 'fallback' },
    ],
  ] as const
  for (const [order, expected] of keys) {
    expect((await post('/keys', { name: 'k', ...order })).body).toMatchObject(expected)
  }
  expect((await ask(`/keys?account=${account}`)).body.data).toHaveLength(2)
  expect((await ask('/keys?org=acme')).body.data).toHaveLength(2)
  expect((await ask('/accounts')).body.data).toHaveLength(3)
})

test('a key that cannot be made leaves no account and no credits behind', async () => {
  const { ask, post } = await startAdmin()
  const { id: org } = (await post('/orgs', { slug: 'acme', name: 'Acme', owner: WALLET })).body
  const other = '0x'.padEnd(42, '1')
  expect(await post('/keys', { name: 'k', account: other, org, grant: '1' })).toMatchObject({
    status: 403,
    body: { error: { code: 'org_not_allowed' } },
  })
  expect((await post('/keys', { name: 'k', grant: '1', expires_at: 1 })).status).toBe(400)
  expect((await post('/keys', { name: 'k', org: 'nobody' })).status).toBe(404)
  expect((await post('/keys', { name: 'k', account: 'acct_aaaaaaaaaaaaaaaa' })).status).toBe(404)
  expect((await post('/keys', { name: 'k', colour: 'red' })).body.error).toMatchObject({ code: 'unknown_parameter' })
  const { data } = (await ask('/accounts')).body as unknown as { data: { id: string; balance: string }[] }
  expect(data.map(({ id, balance }) => [id, balance]).sort()).toEqual(
    [
      [WALLET.toLowerCase(), '0'],
      [org, '0'],
    ].sort(),
  )
  expect((await ask('/keys')).body.data).toEqual([])
})

test('any key is changed, rotated and revoked', async () => {
  const { ask, post } = await startAdmin()
  const { id } = (await post('/keys', { name: 'ann', scopes: { manage: true } })).body
  const changed = await ask(`/keys/${id}`, {
    method: 'PATCH',
    body: { name: 'ben', scopes: { manage: null, requests_per_minute: 3 } },
  })
  expect(changed.body).toMatchObject({ id, name: 'ben', scopes: { manage: null, requests_per_minute: 3 } })
  const rotated = await post(`/keys/${id}/rotate`, { grace_seconds: 60 })
  const next = rotated.body
  expect(next).toMatchObject({ name: 'ben', scopes: { requests_per_minute: 3 }, secret: expect.stringMatching(/^gw_/) })
  expect((await ask(`/keys/${id}`)).body).toMatchObject({ status: 'active', replaced_by: next.id })
  expect((await ask(`/keys/${next.id}`, { method: 'DELETE' })).body).toMatchObject({ status: 'revoked' })
  expect(await ask('/keys/key_aaaaaaaaaaaaaaaa', { method: 'DELETE' })).toMatchObject({ status: 404 })
})

test('vouchers are made, listed without their codes, and revoked', async () => {
  const { ask, post } = await startAdmin()
  const made = await post('/vouchers', { amount: '2', max_uses: 3, expires_in: 3_600, note: 'talk' })
  const { code, ...voucher } = made.body as unknown as {
    code: string
    id: string
    created_at: number
    expires_at: number
  }
  expect(code).toMatch(/^gwv_/)
  expect(voucher).toMatchObject({
    object: 'voucher',
    amount: '2',
    max_uses: 3,
    uses: 0,
    note: 'talk',
    revoked_at: null,
  })
  expect(voucher.expires_at - voucher.created_at).toBeCloseTo(3_600, -1)
  expect((await ask('/vouchers')).body).toMatchObject({ data: [voucher] })
  const revoked = await ask(`/vouchers/${voucher.id}`, { method: 'DELETE' })
  expect(revoked.body).toMatchObject({ id: voucher.id, revoked_at: expect.any(Number) })
  expect((await ask('/vouchers/vch_none', { method: 'DELETE' })).status).toBe(404)
})

test('orgs are made for an owner, and listed with their members', async () => {
  const { ask, post } = await startAdmin()
  const made = await post('/orgs', { slug: 'acme', name: 'Acme', owner: WALLET })
  expect(made.body).toMatchObject({ object: 'org', slug: 'acme', name: 'Acme', balance: '0' })
  expect((await ask('/orgs')).body).toMatchObject({ data: [made.body] })
  expect((await ask('/orgs/acme/members')).body).toMatchObject({ data: [{ id: WALLET.toLowerCase(), role: 'owner' }] })
  expect(await post('/orgs', { slug: 'acme', name: 'Acme', owner: WALLET })).toMatchObject({ status: 409 })
  expect((await post('/orgs', { slug: 'b-corp', name: 'B', owner: 'acct_aaaaaaaaaaaaaaaa' })).status).toBe(404)
  expect((await ask('/orgs/nobody/members')).status).toBe(404)
  await post(`/accounts/${made.body.id}/grants`, { amount: '7' })
  expect((await ask('/orgs')).body).toMatchObject({ data: [{ balance: '7' }] })
})

test('every change is in the audit log, with who, from where and by which request', async () => {
  const { ask, post } = await startAdmin()
  const { id, account } = (await post('/keys', { name: 'ann', grant: '5' })).body
  const revoked = await ask(`/keys/${id}`, { method: 'DELETE' })
  const { data } = (await ask('/audit')).body
  expect(data.map(({ action, subject }) => [action, subject])).toEqual([
    ['key.revoked', id],
    ['credits.granted', account],
    ['key.created', id],
    ['account.created', account],
  ])
  expect(data[0]).toMatchObject({
    actor: 'admin',
    via: 'api',
    ip: '127.0.0.1',
    request_id: revoked.headers.get('x-request-id'),
  })
  expect(data[1]).toMatchObject({ details: { amount: '5', balance: '5' } })
  const counts = {
    'action=key': 2,
    'action=key.revoked': 1,
    'action=ke': 0,
    [`subject=${account}`]: 2,
    'actor=admin': 4,
    'actor=gateway': 0,
  }
  for (const [filter, count] of Object.entries(counts)) {
    expect([filter, (await ask(`/audit?${filter}`)).body.data]).toEqual([
      filter,
      expect.toSatisfy((rows: unknown[]) => rows.length === count),
    ])
  }
})

test('what a failed change would have written to the audit log is not there', async () => {
  const { ask, post } = await startAdmin()
  await post(`/accounts/${WALLET}/grants`, { amount: '1', id: 'x' })
  await post(`/accounts/${WALLET}/grants`, { amount: '1', id: 'x' })
  await post(`/accounts/${WALLET}/corrections`, { amount: '2', note: 'too much' })
  expect((await ask('/audit')).body.data).toHaveLength(1)
})

test('usage of all callers is summed up by model, account or day', async () => {
  const { db, ask } = await startAdmin()
  const run = {
    caller: 'a',
    outcome: 'completed',
    steps: 1,
    cached_tokens: 2,
    completion_tokens: 3,
    tools: '[]',
    written_off: 0n,
    is_estimated: false,
  } as const
  await db
    .insertInto('run_usage')
    .values([
      { ...run, run_id: '1', account: 'acct_a', model: 'operator', prompt_tokens: 10, amount: 1_500_000n },
      { ...run, run_id: '2', account: 'acct_b', model: 'operator', prompt_tokens: 20, amount: 1n, written_off: 2n },
      { ...run, run_id: '3', account: null, model: 'conductor', prompt_tokens: 30, amount: 0n },
      {
        ...run,
        run_id: '4',
        account: null,
        model: 'old',
        prompt_tokens: 1,
        amount: 0n,
        at: new Date('2020-01-31T23:59:59Z'),
      },
    ])
    .execute()
  const { body } = await ask('/usage')
  expect(body).toMatchObject({
    by: 'model',
    total: {
      runs: 3,
      prompt_tokens: 60,
      cached_tokens: 6,
      completion_tokens: 9,
      charged: '1.500001',
      written_off: '0.000002',
    },
    data: [
      { group: 'operator', runs: 2, charged: '1.500001' },
      { group: 'conductor', runs: 1, charged: '0' },
    ],
  })
  expect((await ask('/usage?by=account')).body.data).toMatchObject([
    { group: 'acct_a' },
    { group: 'acct_b' },
    { group: null, runs: 1 },
  ])
  expect((await ask('/usage?by=day&from=2020-01-31&to=2020-01-31')).body).toMatchObject({
    from: '2020-01-31',
    to: '2020-01-31',
    total: { runs: 1 },
    data: [{ group: '2020-01-31', runs: 1 }],
  })
  expect((await ask('/usage?from=2020-02-01&to=2020-02-02')).body).toMatchObject({
    total: { runs: 0, charged: '0' },
    data: [],
  })
  for (const day of ['2026-02-30', '0001-01-01', 'today']) expect((await ask(`/usage?from=${day}`)).status).toBe(400)
})

test('the ledger is verified on demand', async () => {
  const { db, ask, post } = await startAdmin()
  await post(`/accounts/${WALLET}/grants`, { amount: '5' })
  const balances = async () => {
    const { body } = await ask('/ledger/verify')
    const { object, ok, invariants } = body as unknown as {
      object: string
      ok: boolean
      invariants: { id: string; found: number }[]
    }
    expect(object).toBe('ledger.report')
    expect(ok).toBe(invariants.every(({ found }) => found === 0))
    return invariants.find(({ id }) => id === 'I2')
  }
  expect(await balances()).toMatchObject({ found: 0, violations: [] })
  await db.updateTable('accounts').set({ balance: 6_000_000n }).execute()
  expect((await balances())?.found).toBeGreaterThan(0)
})

test('a store that is away is a 503', async () => {
  const { ask, post, close } = await startAdmin()
  await close()
  for (const reply of [
    await ask('/accounts'),
    await post(`/accounts/${WALLET}/grants`, { amount: '1' }),
    await ask('/audit'),
  ]) {
    expect(reply).toMatchObject({ status: 503, body: { error: { code: 'store_unavailable' } } })
  }
})
