import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { cacheCredentials } from '../../src/accounts/identify/cache-credentials.ts'
import { createFindCredential } from '../../src/accounts/identify/find-credential.ts'
import { createIdentify } from '../../src/accounts/identify/identify.ts'
import { updateKey } from '../../src/accounts/keys/update-key.ts'
import { HELLO, idleModel, says, startHttp, toModels, WALLET } from '../support/http-gateway.ts'
import { startIdentityDesk, toBearer } from '../support/identity-desk.ts'
import { ACTOR, newWallet, startOrg } from '../support/orgs.ts'

const toUnknown = (prefix: string) => `${prefix}_${randomBytes(32).toString('base64url')}`

/** None of its keys are known. */
const startEmpty = (freeMode: boolean) =>
  startHttp(says('never'), { identify: createIdentify({ freeMode, find: async () => undefined }) })

test.each([
  ['nothing', {}],
  ['a wallet, which proves nothing', { 'x-wallet-address': WALLET }],
  ['another scheme', { authorization: 'Basic dTpw' }],
])('paid: %s is a 401 that says how to get a key', async (_what, headers) => {
  const gateway = await startEmpty(false)
  const response = await fetch(`${gateway.url}/v1/models`, { headers: headers as Record<string, string> })
  expect(response.status).toBe(401)
  expect(response.headers.get('www-authenticate')).toBe('Bearer')
  expect(await response.json()).toMatchObject({
    error: { code: 'missing_api_key', type: 'authentication_error', message: expect.stringContaining('/auth/siwe/') },
  })
})

test.each([
  ['paid', false, 'sk-proj-0123456789abcdef', 'sk-pro'],
  ['paid', false, 'any-key-will-not-do', ''],
  ['paid', false, `${toUnknown('gw')}0`, 'gw_'],
  ['paid', false, toUnknown('gw'), 'gw_'],
  ['paid', false, toUnknown('gws'), 'gws_'],
  ['free', true, toUnknown('gw'), 'gw_'],
  ['free', true, toUnknown('gws'), 'gws_'],
])(
  '%s: a key that is none of ours is a 401 that repeats six of its characters at most',
  async (_mode, freeMode, token, shown) => {
    const gateway = await startEmpty(freeMode)
    const response = await fetch(`${gateway.url}/v1/models`, { headers: toBearer(token) })
    expect(response.status).toBe(401)
    const text = await response.text()
    expect(JSON.parse(text).error).toMatchObject({ code: 'invalid_api_key', type: 'authentication_error' })
    expect(JSON.parse(text).error.message).toContain(`Incorrect API key provided: ${shown}`)
    await expect.poll(() => gateway.log).toHaveLength(1)
    expect(text + JSON.stringify(gateway.log)).not.toContain(token.slice(0, 7))
  },
)

test('a key names its account, which pays; in free mode nobody does', async () => {
  const wallet = newWallet()
  for (const freeMode of [false, true]) {
    const desk = await startIdentityDesk({ freeMode })
    const { bearer, key } = await desk.makeKey({
      account: wallet,
      name: 'laptop',
      scopes: { creditsPerDay: 1_500_000n },
    })
    expect(await desk.who(bearer)).toEqual({
      status: 200,
      caller: wallet,
      credential: 'key',
      account: wallet,
      wallet,
      key: { id: key.id, name: 'laptop' },
      payers: freeMode ? [] : [wallet],
      scopes: { creditsPerDay: '1500000' },
    })
  }
})

test('a signed-in wallet is its own account, and may manage', async () => {
  const desk = await startIdentityDesk()
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  expect(await desk.who(bearer)).toEqual({
    status: 200,
    caller: wallet,
    credential: 'session',
    account: wallet,
    wallet,
    payers: [wallet],
    scopes: {},
  })
  expect((await desk.ask('POST', '/v1/keys', bearer, { name: 'mine' })).status).toBe(200)
})

test.each([
  ['paid', false],
  ['free', true],
])('%s: a wallet beside a key or a session has to be its own', async (_mode, freeMode) => {
  const desk = await startIdentityDesk({ freeMode })
  const wallet = WALLET.toLowerCase()
  const { bearer } = await desk.makeKey({ account: wallet })
  const session = await desk.signIn(wallet)
  const { bearer: noWallet } = await desk.makeKey({ account: 'acct_0123456789abcdef' })
  for (const own of [bearer, session.bearer]) {
    expect(await desk.who({ ...own, 'x-wallet-address': WALLET })).toMatchObject({ status: 200, caller: wallet })
    const other = await desk.who({ ...own, 'x-wallet-address': newWallet() })
    expect(other).toMatchObject({ status: 403, error: { code: 'wallet_mismatch', type: 'permission_error' } })
    expect(await desk.who({ ...own, 'x-wallet-address': 'vitalik.eth' })).toMatchObject({ status: 401 })
  }
  expect(await desk.who({ ...noWallet, 'x-wallet-address': WALLET })).toMatchObject({ status: 403 })
})

test('free: what is not of our form names a caller that no account is, whatever org it names', async () => {
  const desk = await startIdentityDesk({ freeMode: true })
  const claim = { credential: 'claim', payers: [], scopes: {}, status: 200 }
  const openaiOrg = { 'openai-organization': 'org-of-openai' }
  expect(await desk.who({ ...toBearer('sk-no-key'), ...openaiOrg })).toEqual({ ...claim, caller: 'key_aee27a1dd18b' })
  const wallet = WALLET.toLowerCase()
  expect(await desk.who({ ...toBearer('unused'), 'x-wallet-address': WALLET })).toEqual({
    ...claim,
    caller: `claim:${wallet}`,
    wallet,
  })
})

test('a claim has no account: it makes no keys', async () => {
  const desk = await startIdentityDesk({ freeMode: true })
  for (const [method, body] of [['GET'], ['POST', { name: 'mine' }]] as const) {
    const { status, body: reply } = await desk.ask(method, '/v1/keys', { 'x-wallet-address': WALLET }, body)
    expect(status).toBe(401)
    expect(reply.error.code).toBe('missing_api_key')
  }
})

test('the org that is charged is the one a header names, by id or slug, or else the one of the key', async () => {
  const desk = await startIdentityDesk({ orgHeader: 'X-Team' })
  const { db } = desk.database
  const owner = newWallet()
  const member = newWallet()
  const [bound, named] = [
    await startOrg(db, { owner, also: [[member, 'member']] }),
    await startOrg(db, { owner: member }),
  ]
  const { bearer } = await desk.makeKey({ account: member, orgId: bound.id })
  const { bearer: unbound } = await desk.makeKey({ account: member })

  expect(await desk.who(bearer)).toMatchObject({
    caller: member,
    org: { ...bound, role: 'member' },
    payers: [bound.id],
  })
  expect(await desk.who(unbound)).toMatchObject({ payers: [member] })
  for (const header of ['OpenAI-Organization', 'X-Org-Slug', 'x-team']) {
    for (const name of [named.id, named.slug, named.slug.toUpperCase()]) {
      const identity = await desk.who({ ...bearer, [header]: name })
      expect(identity).toMatchObject({ caller: member, org: { ...named, role: 'owner' }, payers: [named.id] })
    }
  }
  const agree = { 'openai-organization': bound.id, 'x-org-slug': bound.slug, 'x-team': bound.slug }
  expect(await desk.who({ ...unbound, ...agree })).toMatchObject({ org: bound, payers: [bound.id] })
  const disagree = { 'openai-organization': bound.id, 'x-org-slug': named.slug }
  expect(await desk.who({ ...unbound, ...disagree })).toMatchObject({ status: 400, error: { code: 'org_conflict' } })
})

test("an org that is not there, is closed, or is not the caller's is refused in the same words", async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const wallet = newWallet()
  const closed = await startOrg(db, { owner: wallet })
  await db.updateTable('orgs').set({ closed_at: new Date() }).where('id', '=', closed.id).execute()
  const others = await startOrg(db, { owner: newWallet() })
  const { bearer } = await desk.makeKey({ account: wallet })
  const replies = []
  for (const name of [closed.id, closed.slug, others.id, others.slug, 'org_0000000000000000', 'no such', '*']) {
    replies.push(await desk.who({ ...bearer, 'openai-organization': name }))
  }
  expect(replies[0]).toMatchObject({ status: 403, error: { code: 'org_not_allowed', type: 'permission_error' } })
  expect(new Set(replies.map((reply) => JSON.stringify(reply))).size).toBe(1)
})

test('a key that is held to orgs may name no other', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const wallet = newWallet()
  const [one, two] = [await startOrg(db, { owner: wallet }), await startOrg(db, { owner: wallet })]
  const { bearer } = await desk.makeKey({ account: wallet, scopes: { orgs: [one.id] } })
  expect(await desk.who({ ...bearer, 'x-org-slug': one.slug })).toMatchObject({ payers: [one.id] })
  expect(await desk.who({ ...bearer, 'x-org-slug': two.slug })).toMatchObject({ error: { code: 'org_not_allowed' } })
})

test('who pays: the org alone, the org and then the owner, or the owner alone where the org is closed to a viewer', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const wallet = newWallet()
  const org = await startOrg(db, { owner: newWallet(), also: [[wallet, 'member']] })
  const { bearer: strict } = await desk.makeKey({ account: wallet, orgId: org.id })
  const { bearer: fallback } = await desk.makeKey({ account: wallet, orgId: org.id, orgMode: 'fallback' })
  const service = await desk.makeKey({ account: org.id })
  expect((await desk.who(strict)).payers).toEqual([org.id])
  expect((await desk.who(fallback)).payers).toEqual([org.id, wallet])
  expect(await desk.who(service.bearer)).toMatchObject({
    caller: org.id,
    account: org.id,
    org: { id: org.id },
    payers: [org.id],
  })

  const role = (name: 'viewer') =>
    db.updateTable('org_members').set({ role: name }).where('account', '=', wallet).execute()
  await role('viewer')
  await expect.poll(async () => (await desk.who(strict)).payers, { timeout: 5_000 }).toEqual([])
  await expect.poll(async () => (await desk.who(fallback)).payers, { timeout: 5_000 }).toEqual([wallet])

  await db.deleteFrom('org_members').where('account', '=', wallet).execute()
  await expect.poll(() => desk.who(strict), { timeout: 5_000 }).toMatchObject({ error: { code: 'org_not_allowed' } })
  await expect.poll(async () => (await desk.who(fallback)).org, { timeout: 5_000 }).toBeUndefined()
  expect((await desk.who(fallback)).payers).toEqual([wallet])
})

test('what a member may spend comes with the org', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const wallet = newWallet()
  const org = await startOrg(db, { owner: wallet })
  await db.updateTable('org_members').set({ credits_per_day: 5n, credits_per_month: 90n }).execute()
  const { bearer } = await desk.makeKey({ account: wallet, orgId: org.id })
  expect((await desk.who(bearer)).org).toMatchObject({ creditsPerDay: '5', creditsPerMonth: '90' })
})

test('a key may be held to addresses: another is a 403, also one that a stranger claims to come from', async () => {
  const direct = await startIdentityDesk()
  const proxied = await startIdentityDesk({ trustProxy: true })
  const from = (ip: string) => ({ 'x-forwarded-for': ip })
  for (const desk of [direct, proxied]) {
    const here = await desk.makeKey({ scopes: { ips: ['127.0.0.0/8', '2001:db8::/32'] } })
    const elsewhere = await desk.makeKey({ scopes: { ips: ['10.0.0.1'] } })
    const refused = { status: 403, error: { code: 'ip_not_allowed' } }
    expect((await desk.who(here.bearer)).status).toBe(200)
    expect(await desk.who(elsewhere.bearer)).toMatchObject(refused)
    const isBelieved = desk === proxied
    expect((await desk.who({ ...elsewhere.bearer, ...from('10.0.0.1') })).status).toBe(isBelieved ? 200 : 403)
    expect((await desk.who({ ...here.bearer, ...from('2001:db8::7') })).status).toBe(200)
    expect((await desk.who({ ...here.bearer, ...from('8.8.8.8') })).status).toBe(isBelieved ? 403 : 200)
  }
})

test.each([
  ['paid', false],
  ['free', true],
])('%s: a key counts no more within 5 s of its revocation, and a session of its end', async (_mode, freeMode) => {
  const desk = await startIdentityDesk({ freeMode })
  const { bearer, key } = await desk.makeKey()
  const session = await desk.signIn(newWallet())
  for (const headers of [bearer, session.bearer]) expect((await desk.who(headers)).status).toBe(200)
  const { db } = desk.database
  await db.updateTable('api_keys').set({ revoked_at: new Date() }).where('id', '=', key.id).execute()
  await db.updateTable('sessions').set({ revoked_at: new Date() }).execute()
  for (const headers of [bearer, session.bearer]) {
    await expect.poll(async () => (await desk.who(headers)).error?.code, { timeout: 5_000 }).toBe('invalid_api_key')
  }
})

test('a key ends when it expires, by the clock of the store', async () => {
  const desk = await startIdentityDesk()
  const { bearer } = await desk.makeKey({ expiry: { inSec: 3_600 } })
  expect((await desk.who(bearer)).status).toBe(200)
  await sql`update api_keys set expires_at = clock_timestamp() + interval '1 s'`.execute(desk.database.db)
  await expect.poll(async () => (await desk.who(bearer)).status).toBe(401)
})

test('what a key may do changes within 5 s', async () => {
  const desk = await startIdentityDesk()
  const { bearer, key } = await desk.makeKey()
  expect((await desk.who(bearer)).scopes).toEqual({})
  await updateKey(
    desk.database.db,
    { id: key.id, reach: { type: 'all' }, change: { scopes: { models: ['operator'] } } },
    ACTOR,
  )
  await expect.poll(async () => (await desk.who(bearer)).scopes, { timeout: 5_000 }).toEqual({ models: ['operator'] })
})

test('the last use of a key is noted, once a minute', async () => {
  const desk = await startIdentityDesk()
  const { bearer } = await desk.makeKey()
  const used = async () => {
    const rows = await desk.database.db.selectFrom('api_keys').select('last_used_at').execute()
    return rows[0]?.last_used_at ?? null
  }
  expect(await used()).toBeNull()
  await desk.who(bearer)
  await expect.poll(used).not.toBeNull()
  const first = await used()
  await desk.who(bearer)
  expect(await used()).toEqual(first)
})

test('while the store is away nobody gets in by a key, and all are told to come again', async () => {
  const desk = await startIdentityDesk({ freeMode: true })
  const { bearer } = await desk.makeKey()
  await desk.database.close()
  expect(await desk.who(bearer)).toMatchObject({ status: 503, error: { code: 'store_unavailable' } })
  expect((await desk.who({ 'x-wallet-address': WALLET })).status).toBe(200)
})

const MODELS = toModels([
  { id: 'operator', model: idleModel('operator') },
  { id: 'conductor', model: idleModel('conductor') },
  { id: 'acme:small', model: idleModel('acme:small'), provider: 'acme' },
  { id: 'acme:eu:small', model: idleModel('acme:eu:small'), provider: 'acme:eu' },
])

test('the four public APIs that others speak work at once, on one gateway', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const wallet = WALLET.toLowerCase()
  const org = await startOrg(db, { owner: wallet })
  const identify = createIdentify({ freeMode: false, find: cacheCredentials(createFindCredential(db)) })
  const gateway = await startHttp(says('ok'), { identify, models: MODELS })
  const open = await desk.makeKey({ account: wallet })
  const scoped = await desk.makeKey({ account: wallet, scopes: { models: ['conductor', 'acme:*'] } })
  const connect = (apiKey: string, options: object = {}) =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey, maxRetries: 0, ...options })
  const ask = (client: OpenAI, model = 'operator') =>
    client.chat.completions.create({ model, messages: [{ role: 'user', content: 'hello' }] })

  const withWallet = connect(open.secret, { defaultHeaders: { 'x-wallet-address': WALLET } })
  const withOrg = connect(open.secret, { organization: org.id })
  const replies = await Promise.all([ask(withWallet), ask(withOrg), ask(connect(open.secret), 'acme:small')])
  expect(replies.map(({ choices }) => choices[0]?.message.content)).toEqual(['ok', 'ok', 'ok'])
  expect(gateway.orders.map(({ caller }) => caller)).toEqual([wallet, wallet, wallet])
  expect((await connect(open.secret).models.list()).data.map(({ id }) => id)).toEqual(MODELS.list().map(({ id }) => id))
  expect((await connect(scoped.secret).models.list()).data.map(({ id }) => id)).toEqual(['conductor', 'acme:small'])
  expect((await ask(connect(scoped.secret), 'acme:small')).model).toBe('acme:small')

  const wrong = [
    ask(connect(open.secret, { defaultHeaders: { 'x-wallet-address': newWallet() } })),
    ask(connect(open.secret, { organization: 'org-of-openai' })),
    ask(connect(scoped.secret), 'operator'),
    ask(connect(scoped.secret), 'acme:eu:small'),
    connect(scoped.secret).models.retrieve('operator'),
    ask(connect(scoped.secret), 'acme:huge'),
    ask(connect('sk-unknown')),
  ].map((asked) =>
    asked.then(
      () => 'served',
      (error) => `${error.status} ${error.code}`,
    ),
  )
  expect(await Promise.all(wrong)).toEqual([
    '403 wallet_mismatch',
    '403 org_not_allowed',
    '403 model_not_allowed',
    '403 model_not_allowed',
    '403 model_not_allowed',
    '404 model_not_found',
    '401 invalid_api_key',
  ])
})

test('a model that no list has is shown to the key that is made for it', async () => {
  const desk = await startIdentityDesk()
  const any = { id: 'acme:any', model: idleModel('acme:any'), provider: 'acme' }
  const models = { list: MODELS.list, find: (id: string) => (id === any.id ? any : MODELS.find(id)) }
  const identify = createIdentify({ freeMode: true, find: createFindCredential(desk.database.db) })
  const gateway = await startHttp(says('ok'), { identify, models })
  const { bearer } = await desk.makeKey({ scopes: { models: ['acme:any', 'operator', 'gone'] } })
  const response = await fetch(`${gateway.url}/v1/models`, { headers: bearer })
  const { data } = (await response.json()) as { data: { id: string }[] }
  expect(data.map(({ id }) => id)).toEqual(['operator', 'acme:any'])
  const refused = await gateway.ask(
    { ...HELLO, model: 'conductor' },
    { headers: { ...bearer, 'x-wallet-address': '' } },
  )
  expect((await refused.json()).error.message).toBe(
    "This API key may not use the model 'conductor'. It may use: operator, acme:any.",
  )
})
