import type { RequestHandler } from 'express'
import { sql } from 'kysely'
import { pino } from 'pino'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import type { z } from 'zod'
import type { Identity, Scopes } from '../../src/accounts/identity.ts'
import { createOrgDesk } from '../../src/accounts/orgs/create-org-desk.ts'
import { createBareApp, toListener } from '../../src/bare-app.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import {
  DeletedOrg,
  NewOrgInvitation,
  Org,
  OrgAuditList,
  OrgCredits,
  OrgInvitationList,
  OrgList,
  OrgMember,
  OrgMemberList,
} from '../../src/http/openapi/org-schemas.ts'
import { orgRoutes } from '../../src/http/orgs/org-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { testDatabase } from '../support/database.ts'
import { newSlug, newWallet, openWallet, startOrg } from '../support/orgs.ts'

/** Each spec has orgs and wallets of its own. */
let database: Database
beforeAll(async () => {
  database = await testDatabase()
  return () => database.close()
})

const UNIX_SECONDS = expect.closeTo(Date.now() / 1_000, -3)

test('an org is founded, shown, listed, renamed and closed', async () => {
  const { db, as } = await startOrgs()
  const ann = as(await openWallet(db))
  const slug = newSlug()
  const { status, body: org } = await ann('POST', '/v1/orgs', { slug, name: ' Acme ' })
  expect(status).toBe(200)
  expect(org).toEqual({
    id: expect.stringMatching(/^org_[a-z0-9]{16}$/),
    object: 'org',
    slug,
    name: 'Acme',
    role: 'owner',
    credits_per_day: null,
    credits_per_month: null,
    balance: '0',
    held: '0',
    available: '0',
    created_at: UNIX_SECONDS,
  })
  for (const name of [org.id, slug]) expect((await ann('GET', `/v1/orgs/${name}`)).body).toEqual(org)
  expect((await ann('GET', '/v1/orgs')).body).toEqual({
    object: 'list',
    data: [org],
    first_id: org.id,
    last_id: org.id,
    has_more: false,
  })
  expect((await ann('PATCH', `/v1/orgs/${slug}`, { name: 'Acme & Co' })).body).toEqual({ ...org, name: 'Acme & Co' })
  expect((await ann('DELETE', `/v1/orgs/${slug}`)).body).toEqual({ id: org.id, object: 'org', deleted: true })
  expect((await ann('GET', `/v1/orgs/${slug}`)).status).toBe(404)
  expect((await ann('GET', '/v1/orgs')).body.data).toEqual([])
})

test('who is invited with ceilings is listed with them, and an admin changes them', async () => {
  const { db, as } = await startOrgs()
  const [owner, bob] = [await openWallet(db), await openWallet(db)]
  const { slug } = await startOrg(db, { owner })
  const { body: invitation } = await as(owner)('POST', `/v1/orgs/${slug}/invitations`, {
    wallet: toMixedCase(bob),
    credits_per_day: '2.5',
  })
  expect(invitation).toEqual({
    id: expect.stringMatching(/^inv_/),
    object: 'org.invitation',
    status: 'open',
    role: 'member',
    wallet: bob,
    credits_per_day: '2.5',
    credits_per_month: null,
    created_by: owner,
    accepted_by: null,
    created_at: UNIX_SECONDS,
    expires_at: invitation.created_at + 7 * 86_400,
    token: expect.stringMatching(/^gwi_[\w-]{43}$/),
  })
  const { token, ...shown } = invitation
  expect((await as(owner)('GET', `/v1/orgs/${slug}/invitations`)).body.data).toEqual([shown])
  expect((await as(bob)('POST', '/v1/orgs/invitations/accept', { token })).body).toMatchObject({
    slug,
    role: 'member',
    credits_per_day: '2.5',
  })
  const path = `/v1/orgs/${slug}/members/${toMixedCase(bob)}`
  const changed = await as(owner)('PATCH', path, { role: 'admin', credits_per_day: null, credits_per_month: '0' })
  expect(changed.body).toEqual({
    id: bob,
    object: 'org.member',
    role: 'admin',
    credits_per_day: null,
    credits_per_month: '0',
    added_at: UNIX_SECONDS,
  })
  const { body: members } = await as(bob)('GET', `/v1/orgs/${slug}/members`)
  expect(members.data).toEqual([changed.body, expect.objectContaining({ id: owner, role: 'owner' })])
  expect((await as(bob)('DELETE', path)).body).toEqual({ id: bob, object: 'org.member', deleted: true })
  expect((await as(bob)('GET', `/v1/orgs/${slug}`)).status).toBe(404)
})

test('credits are moved as decimal texts, once for an id', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db, { credits: 10n })
  const { slug } = await startOrg(db, { owner })
  const move = (body: object) => as(owner)('POST', `/v1/orgs/${slug}/credits`, body)
  const moved = await move({ amount: '2.000001', direction: 'in', id: 'a' })
  expect(moved.body).toEqual({
    id: expect.any(String),
    object: 'org.credits',
    direction: 'in',
    amount: '2.000001',
    balance: '7.999999',
    repeated: false,
  })
  expect((await move({ amount: '2.000001', direction: 'in', id: 'a' })).body).toEqual({ ...moved.body, repeated: true })
  expect(await move({ amount: '2', direction: 'in', id: 'a' })).toMatchObject({
    status: 422,
    body: { error: { code: 'idempotency_key_reused', param: 'id' } },
  })
  expect((await as(owner)('GET', `/v1/orgs/${slug}`)).body).toMatchObject({ balance: '2.000001', held: '0' })
  expect(await move({ amount: '3', direction: 'out' })).toMatchObject({
    status: 402,
    body: { error: { code: 'insufficient_credits', type: 'insufficient_quota' } },
  })
  expect((await as(owner)('DELETE', `/v1/orgs/${slug}`)).body.error).toMatchObject({ code: 'balance_left' })
  expect((await as(owner)('DELETE', `/v1/orgs/${slug}?move_to=${toMixedCase(owner)}`)).status).toBe(200)
})

test('the audit log of an org says who has done what from where, page by page, but not where its operator sits', async () => {
  const { db, as } = await startOrgs()
  const [owner, bob] = [await openWallet(db), newWallet()]
  const { id, slug } = await startOrg(db, { owner, also: [[bob, 'viewer']] })
  await as(owner)('PATCH', `/v1/orgs/${slug}/members/${bob}`, { credits_per_day: '2.5' })
  await as(owner)('PATCH', `/v1/orgs/${slug}/members/${bob}`, { role: 'member' })
  await db.insertInto('audit_log').values(BY_OPERATOR(id)).execute()
  const { body: first } = await as(owner)('GET', `/v1/orgs/${slug}/audit?limit=2`)
  expect(first.data).toMatchObject([
    { actor: 'admin', action: 'org.topped_up', ip: null },
    {
      object: 'audit_entry',
      created_at: UNIX_SECONDS,
      actor: owner,
      via: 'api',
      ip: expect.stringContaining('127.0.0.1'),
      request_id: expect.any(String),
      action: 'member.role_changed',
      subject: bob,
      org_id: id,
      details: { role: 'member', before: 'viewer' },
    },
  ])
  expect(first.has_more).toBe(true)
  const { body: rest } = await as(owner)('GET', `/v1/orgs/${slug}/audit?limit=2&after=${first.last_id}`)
  expect(rest).toMatchObject({
    data: [
      {
        action: 'member.ceilings_changed',
        details: {
          ...{ credits_per_day: '2.5', credits_per_month: null },
          before: { credits_per_day: null, credits_per_month: null },
        },
      },
      { action: 'org.created' },
    ],
    has_more: false,
  })
})

test('to who is no member there is no org, on any route', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const { id, slug } = await startOrg(db, { owner })
  const stranger = as(await openWallet(db))
  for (const org of [id, slug, 'no-such-org', 'org_%00', '%F0%9F%90%98'].map((name) => `/v1/orgs/${name}`)) {
    for (const [method, path, body] of ROUTES) {
      const reply = await stranger(method, org + path, body)
      expect([method, path, reply.status, reply.body.error?.code]).toEqual([method, path, 404, 'org_not_found'])
    }
  }
  expect((await stranger('GET', '/v1/orgs')).body.data).toEqual([])
})

test('who has proven nothing sees nothing, and a key that may not manage only looks', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const { slug } = await startOrg(db, { owner })
  const claim = as(owner, { credential: 'claim', account: undefined })
  const reader = as(owner, KEY({}))
  const manager = as(owner, KEY({ manage: true }))
  const all = [
    ...ROUTES.map(([method, path, body]) => [method, `/v1/orgs/${slug}${path}`, body] as const),
    ['GET', '/v1/orgs', undefined] as const,
    ['POST', '/v1/orgs', { slug: newSlug(), name: 'a' }] as const,
    ['POST', '/v1/orgs/invitations/accept', { token: 'gwi_a' }] as const,
  ]
  for (const [method, path, body] of all) {
    expect([method, path, (await claim(method, path, body)).status]).toEqual([method, path, 401])
    const read = await reader(method, path, body)
    const outcome = read.status === 200 ? 'ok' : read.body.error.code
    expect([method, path, outcome]).toEqual([method, path, method === 'GET' ? 'ok' : 'manage_required'])
  }
  expect((await manager('PATCH', `/v1/orgs/${slug}`, { name: 'b' })).status).toBe(200)
})

test('a key that is confined to some orgs finds no other, and makes none', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const mine = await startOrg(db, { owner })
  const other = await startOrg(db, { owner })
  const key = as(owner, KEY({ manage: true, orgs: [mine.id] }))
  expect((await key('GET', '/v1/orgs')).body.data).toMatchObject([{ id: mine.id }])
  expect((await key('PATCH', `/v1/orgs/${mine.slug}`, { name: 'b' })).status).toBe(200)
  for (const [method, path, body] of ROUTES) {
    expect((await key(method, `/v1/orgs/${other.slug}${path}`, body)).status).toBe(404)
  }
  for (const [path, body] of [
    ['/v1/orgs', { slug: newSlug(), name: 'a' }],
    ['/v1/orgs/invitations/accept', { token: 'gwi_a' }],
  ] as const) {
    expect(await key('POST', path, body)).toMatchObject({ status: 403, body: { error: { code: 'org_not_allowed' } } })
  }
})

test.each([
  ['POST', '', { slug: 'Acme!', name: 'a' }, 'slug'],
  ['POST', '', { slug: 'admin', name: 'a' }, 'slug'],
  ['POST', '', { slug: 'acme' }, 'name'],
  ['POST', '', { slug: 'acme', name: ' ' }, 'name'],
  ['POST', '', { slug: 'acme', name: 'a\u0000' }, 'name'],
  ['POST', '', { slug: 'acme', name: 'a', owner: '0x1' }, 'owner'],
  ['GET', '?limit=0', undefined, 'limit'],
  ['GET', '?after=org_x', undefined, 'after'],
  ['PATCH', '/ORG', { name: 7 }, 'name'],
  ['DELETE', '/ORG?move_to=0x1', undefined, 'move_to'],
  ['GET', '/ORG/members?after=0x1', undefined, 'after'],
  ['PATCH', '/ORG/members/OWNER', { role: 'king' }, 'role'],
  ['PATCH', '/ORG/members/OWNER', { credits_per_day: 1 }, 'credits_per_day'],
  ['PATCH', '/ORG/members/OWNER', { credits_per_month: '-1' }, 'credits_per_month'],
  ['POST', '/ORG/invitations', { wallet: 'vitalik.eth' }, 'wallet'],
  ['POST', '/ORG/invitations', { expires_in: 2_592_001 }, 'expires_in'],
  ['POST', '/ORG/credits', { direction: 'in' }, 'amount'],
  ['POST', '/ORG/credits', { direction: 'in', amount: 1 }, 'amount'],
  ['POST', '/ORG/credits', { direction: 'in', amount: '0' }, 'amount'],
  ['POST', '/ORG/credits', { direction: 'in', amount: '0.0000001' }, 'amount'],
  ['POST', '/ORG/credits', { direction: 'up', amount: '1' }, 'direction'],
  ['POST', '/invitations/accept', {}, 'token'],
])('what is not right is a 400 that names the field: %s %s %j', async (method, path, body, param) => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const { slug } = await startOrg(db, { owner })
  const reply = await as(owner)(method, `/v1/orgs${path.replace('ORG', slug).replace('OWNER', owner)}`, body)
  expect(reply).toMatchObject({ status: 400, body: { error: { param, type: 'invalid_request_error' } } })
})

test('a wallet owns 50 orgs, closed ones among them, however many it founds at once', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const { slug } = await startOrg(db, { owner })
  expect((await as(owner)('DELETE', `/v1/orgs/${slug}`)).status).toBe(200)
  for (let count = 0; count < 47; count++) await startOrg(db, { owner })
  const found = () => as(owner)('POST', '/v1/orgs', { slug: newSlug(), name: 'Acme' })
  await Promise.all(Array.from({ length: 12 }, () => as(owner)('GET', '/v1/orgs'))) // connections are open from here on
  const replies = await Promise.all(Array.from({ length: 12 }, found))
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(2)
  const refused = replies.filter(({ status }) => status === 409)
  expect(refused).toHaveLength(10)
  expect(refused[0]?.body.error).toMatchObject({
    code: 'too_many_orgs',
    message: expect.stringContaining('may own 50. Leave one that has another owner, or ask the operator'),
  })
  const owned = await db.selectFrom('org_members').select('org_id').where('account', '=', owner).execute()
  expect(owned).toHaveLength(50)
  expect((await as(newWallet())('POST', '/v1/orgs', { slug: newSlug(), name: 'Acme' })).status).toBe(200)
  expect(await startOrg(db, { owner })).toMatchObject({ slug: expect.any(String) })
})

test('an org has 500 open invitations, however many are made at once, and one more where one is revoked', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db)
  const { id, slug } = await startOrg(db, { owner })
  await sql`
    insert into org_invitations (id, org_id, hash, role, created_by, expires_at)
    select 'inv_' || n, ${id}, 'many-' || n, 'viewer', ${owner}, now() + interval '1 hour' from generate_series(1, 498) as n
  `.execute(db)
  const invite = () => as(owner)('POST', `/v1/orgs/${slug}/invitations`, {})
  const replies = await Promise.all([invite(), invite(), invite(), invite(), invite()])
  const made = replies.filter(({ status }) => status === 200).map(({ body }) => body.id)
  const refused = replies.filter(({ status }) => status === 409)
  expect([made.length, refused.length]).toEqual([2, 3])
  expect(refused[0]?.body.error).toMatchObject({
    code: 'too_many_invitations',
    message: expect.stringContaining('may have 500. Revoke one'),
  })
  await as(owner)('DELETE', `/v1/orgs/${slug}/invitations/${made[0]}`)
  expect((await invite()).status).toBe(200)
})

test('replies are as the document says', async () => {
  const { db, as } = await startOrgs()
  const owner = await openWallet(db, { credits: 5n })
  const ask = as(owner)
  const slug = newSlug()
  const told: [z.ZodType, string, string, object?][] = [
    [Org, 'POST', '', { slug, name: 'Acme' }],
    [OrgList, 'GET', ''],
    [Org, 'GET', `/${slug}`],
    [NewOrgInvitation, 'POST', `/${slug}/invitations`, { credits_per_day: '1' }],
    [OrgInvitationList, 'GET', `/${slug}/invitations`],
    [OrgMember, 'PATCH', `/${slug}/members/${owner}`, { credits_per_month: '0.5' }],
    [OrgMemberList, 'GET', `/${slug}/members`],
    [OrgCredits, 'POST', `/${slug}/credits`, { amount: '1', direction: 'in' }],
    [OrgAuditList, 'GET', `/${slug}/audit`],
    [DeletedOrg, 'DELETE', `/${slug}?move_to=${owner}`],
  ]
  for (const [schema, method, path, body] of told) {
    const reply = await ask(method, `/v1/orgs${path}`, body)
    expect([method, path, reply.status]).toEqual([method, path, 200])
    expect(schema.parse(reply.body)).toEqual(reply.body) // a field that is not documented would be gone
  }
})

test('while the store is away it is a 503', async () => {
  const connectionString = 'postgres://nobody@127.0.0.1:1/none'
  const away = connectDatabase({ connectionString, advice: '' })
  onTestFinished(() => away.close())
  const { as } = await startOrgs(away)
  for (const [method, path, body] of ROUTES) {
    expect(await as(newWallet())(method, `/v1/orgs/acme${path}`, body)).toMatchObject({
      status: 503,
      body: { error: { code: 'store_unavailable' } },
    })
  }
})

test('a method that a route does not know is a 405', async () => {
  const { as } = await startOrgs()
  for (const [method, path] of [
    ['DELETE', ''],
    ['PUT', '/acme'],
    ['GET', '/acme/members/0x1'],
    ['GET', '/acme/credits'],
    ['GET', '/invitations/accept'],
  ] as const) {
    expect((await as(newWallet())(method, `/v1/orgs${path}`)).status).toBe(405)
  }
})

/** All that an org has, with a body that is in order. */
const ROUTES: readonly (readonly [method: string, path: string, body?: object])[] = [
  ['GET', ''],
  ['PATCH', '', { name: 'a' }],
  ['GET', '/members'],
  ['PATCH', '/members/0x00000000219ab540356cbb839cbe05303d7705fa', { role: 'viewer' }],
  ['DELETE', '/members/0x00000000219ab540356cbb839cbe05303d7705fa'],
  ['GET', '/invitations'],
  ['POST', '/invitations', {}],
  ['DELETE', '/invitations/inv_aaaaaaaaaaaaaaaa'],
  ['POST', '/credits', { amount: '1', direction: 'in' }],
  ['GET', '/audit'],
  ['DELETE', ''],
]

const KEY = (scopes: Scopes): Partial<Identity> => ({ credential: 'key', key: { id: 'key_a', name: 'a' }, scopes })

const BY_OPERATOR = (orgId: string) => ({
  actor: 'admin',
  via: 'api' as const,
  ip: '198.51.100.7',
  request_id: null,
  action: 'org.topped_up',
  subject: orgId,
  org_id: orgId,
  details: '{}',
})

/** The routes over a real store, with whoever the spec says before them. */
async function startOrgs(store = database) {
  const authenticate: RequestHandler = (req, res, next) => {
    res.locals.identity = JSON.parse(String(req.get('x-identity')))
    next()
  }
  const app = createBareApp({ log: pino({ level: 'silent' }) })
  app.use(orgRoutes({ orgs: createOrgDesk(store), authenticate, bodyLimitBytes: 10_000 }))
  const { url, close } = await listen(toListener(app), { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  const as =
    (account: string, rest: Partial<Identity> = {}) =>
    async (method: string, path: string, body?: object) => {
      const response = await fetch(url + path, {
        method,
        headers: {
          'x-identity': JSON.stringify(toIdentity(account, rest)),
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
      })
      // biome-ignore lint/suspicious/noExplicitAny: specs read whatever the wire holds
      return { status: response.status, body: (await response.json()) as any }
    }
  return { db: store.db, as }
}

function toIdentity(account: string, rest: Partial<Identity>): Identity {
  const wallet = account
  const identity = { caller: account, credential: 'session', account, wallet, key: undefined, org: undefined } as const
  return { ...identity, payers: [account], scopes: {}, ...rest }
}

const toMixedCase = (wallet: string) => `0x${wallet.slice(2).toUpperCase()}`
