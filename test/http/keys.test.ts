import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createOrg } from '../../src/accounts/orgs/create-org.ts'
import type { Database } from '../../src/db/database.ts'
import { KEY, MADE_KEY, NEW_KEY, NEW_SERVICE_KEY, REVOKED_KEY } from '../../src/http/openapi/key-examples.ts'
import { Key, KeyList, KeyWithSecret } from '../../src/http/openapi/key-schemas.ts'
import { startIdentityDesk, toBearer } from '../support/identity-desk.ts'
import { ACTOR, newWallet, startOrg } from '../support/orgs.ts'

test('a signed-in wallet makes a key: its secret is told this once, and the key names the wallet', async () => {
  const desk = await startIdentityDesk()
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  const response = await fetch(`${desk.url}/v1/keys`, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({
      name: 'laptop',
      scopes: { models: ['operator'], credits_per_day: '1.25' },
      expires_in: 86_400,
    }),
  })
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const { secret, ...made } = (await response.json()) as Record<'secret' | 'id' | 'hint', string> & {
    created_at: number
  }
  expect(made).toEqual({
    id: expect.stringMatching(/^key_[a-z0-9]{16}$/),
    object: 'api_key',
    name: 'laptop',
    hint: `${secret.slice(0, 6)}…${secret.slice(-4)}`,
    status: 'active',
    account: wallet,
    org_id: null,
    org_mode: null,
    scopes: {
      models: ['operator'],
      orgs: null,
      tools: null,
      manage: null,
      ips: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      concurrent_runs: null,
      credits_per_day: '1.25',
      credits_per_month: null,
    },
    created_by: wallet,
    created_at: expect.any(Number),
    expires_at: made.created_at + 86_400,
    revoked_at: null,
    replaced_by: null,
    last_used_at: null,
  })
  expect(await desk.who({ authorization: `Bearer ${secret}` })).toMatchObject({ caller: wallet, key: { id: made.id } })
  expect((await desk.ask('GET', `/v1/keys/${made.id}`, bearer)).body).toMatchObject({ id: made.id, hint: made.hint })
  const seen = await Promise.all([desk.ask('GET', '/v1/keys', bearer), desk.ask('GET', `/v1/keys/${made.id}`, bearer)])
  expect(JSON.stringify([seen, desk.log])).not.toContain(secret.slice(3, 20))
})

test('a key without the scope manage sees the keys of its account, and changes none', async () => {
  const desk = await startIdentityDesk()
  const account = newWallet()
  const { bearer, key } = await desk.makeKey({ account })
  expect((await desk.ask('GET', '/v1/keys', bearer)).body.data).toMatchObject([{ id: key.id }])
  expect((await desk.ask('GET', `/v1/keys/${key.id}`, bearer)).status).toBe(200)
  const changes = [
    desk.ask('POST', '/v1/keys', bearer, { name: 'more' }),
    desk.ask('PATCH', `/v1/keys/${key.id}`, bearer, { scopes: { manage: true } }),
    desk.ask('POST', `/v1/keys/${key.id}/rotate`, bearer, {}),
    desk.ask('DELETE', `/v1/keys/${key.id}`, bearer),
  ]
  for (const { status, body } of await Promise.all(changes)) {
    expect(status).toBe(403)
    expect(body.error).toMatchObject({ code: 'manage_required', type: 'permission_error' })
  }
})

test('a key with the scope manage does all that a signed-in wallet does', async () => {
  const desk = await startIdentityDesk()
  const { bearer } = await desk.makeKey({ scopes: { manage: true } })
  const { body: made } = await desk.ask('POST', '/v1/keys', bearer, { name: 'more', scopes: { ips: ['10.0.0.0/8'] } })
  const change = { name: 'less', scopes: { ips: null, tools: [], concurrent_runs: 2 }, expires_at: 4_102_444_800 }
  const { body: changed } = await desk.ask('PATCH', `/v1/keys/${made.id}`, bearer, change)
  expect(changed).toMatchObject({ name: 'less', expires_at: 4_102_444_800 })
  expect(changed.scopes).toMatchObject({ ips: null, tools: [], concurrent_runs: 2 })
  expect((await desk.ask('PATCH', `/v1/keys/${made.id}`, bearer, { expires_at: null })).body.expires_at).toBeNull()
  const { body: next } = await desk.ask('POST', `/v1/keys/${made.id}/rotate`, bearer, { grace_seconds: 60 })
  expect(next).toMatchObject({ name: 'less', secret: expect.stringMatching(/^gw_/) })
  expect((await desk.ask('GET', `/v1/keys/${made.id}`, bearer)).body).toMatchObject({
    status: 'active',
    replaced_by: next.id,
  })
  const { body: revoked } = await desk.ask('DELETE', `/v1/keys/${next.id}`, bearer)
  expect(revoked).toMatchObject({ id: next.id, status: 'revoked', revoked_at: expect.any(Number) })
})

test('a key that will expire makes, changes and rotates no other, so that nothing of it outlives it', async () => {
  const desk = await startIdentityDesk()
  const account = newWallet()
  const { key: other } = await desk.makeKey({ account })
  const scopes = { manage: true }
  const { bearer, key } = await desk.makeKey({ account, scopes, expiry: { atSec: 4_102_444_800 } })
  const refused = { status: 403, body: { error: { code: 'key_confined', type: 'permission_error' } } }
  expect(await desk.ask('PATCH', `/v1/keys/${key.id}`, bearer, { expires_at: null })).toMatchObject(refused)
  expect(await desk.ask('PATCH', `/v1/keys/${other.id}`, bearer, { scopes })).toMatchObject(refused)
  expect(await desk.ask('POST', '/v1/keys', bearer, { name: 'for good', scopes })).toMatchObject(refused)
  expect(await desk.ask('POST', `/v1/keys/${other.id}/rotate`, bearer, {})).toMatchObject(refused)
  expect(await desk.ask('POST', `/v1/keys/${key.id}/rotate`, bearer, {})).toMatchObject({
    status: 200,
    body: { expires_at: 4_102_444_800, scopes },
  })
})

test('a key whose place another has taken neither makes keys nor rotates that other in its grace', async () => {
  const desk = await startIdentityDesk()
  const account = newWallet()
  const { bearer, key } = await desk.makeKey({ account, scopes: { manage: true } })
  const session = await desk.signIn(account)
  const rotated = await desk.ask('POST', `/v1/keys/${key.id}/rotate`, session.bearer, { grace_seconds: 3_600 })
  const refused = { status: 403, body: { error: { code: 'key_confined' } } }
  expect(await desk.ask('POST', `/v1/keys/${rotated.body.id}/rotate`, bearer, {})).toMatchObject(refused)
  expect(await desk.ask('POST', '/v1/keys', bearer, { name: 'for good' })).toMatchObject(refused)
  const next = toBearer(rotated.body.secret)
  expect(await desk.ask('POST', '/v1/keys', next, { name: 'for good' })).toMatchObject({ status: 200 })
})

test('nobody sees or changes the key of another: it does not exist, like an id that is malformed', async () => {
  const desk = await startIdentityDesk()
  const { key } = await desk.makeKey()
  const { bearer } = await desk.signIn(newWallet())
  for (const id of [key.id, 'key_0000000000000000', 'key_x', '%00', "'"]) {
    const replies = await Promise.all([
      desk.ask('GET', `/v1/keys/${id}`, bearer),
      desk.ask('PATCH', `/v1/keys/${id}`, bearer, { name: 'mine' }),
      desk.ask('POST', `/v1/keys/${id}/rotate`, bearer, {}),
      desk.ask('DELETE', `/v1/keys/${id}`, bearer),
    ])
    for (const { status, body } of replies) {
      expect(status).toBe(404)
      expect(body.error).toMatchObject({ code: 'key_not_found', param: 'id' })
    }
  }
  expect((await desk.ask('GET', '/v1/keys', bearer)).body.data).toEqual([])
})

test('the list has the latest first, page by page', async () => {
  const desk = await startIdentityDesk()
  const account = newWallet()
  const ids: string[] = []
  for (let at = 0; at < 5; at++) ids.unshift((await desk.makeKey({ account })).key.id)
  const { bearer } = await desk.signIn(account)
  const pages: string[][] = []
  let after = ''
  for (let hasMore = true; hasMore; ) {
    const { body } = await desk.ask('GET', `/v1/keys?limit=2${after}`, bearer)
    expect(body).toMatchObject({ object: 'list', first_id: body.data[0].id, last_id: body.data.at(-1).id })
    pages.push(body.data.map(({ id }: { id: string }) => id))
    hasMore = body.has_more
    after = `&after=${body.last_id}`
  }
  expect(pages.map(({ length }) => length)).toEqual([2, 2, 1])
  expect(pages.flat()).toEqual(ids)
  for (const query of ['limit=0', 'limit=x', 'after=key_0000000000000000', 'after=nonsense']) {
    expect((await desk.ask('GET', `/v1/keys?${query}`, bearer)).status, query).toBe(400)
  }
})

test('a member makes keys for its org, an admin also for the org itself, a viewer and a stranger none', async () => {
  const desk = await startIdentityDesk()
  const roles = { owner: newWallet(), admin: newWallet(), member: newWallet(), viewer: newWallet() }
  const { owner, ...others } = roles
  const also = Object.entries(others).map(
    ([role, account]) => [account, role as 'admin' | 'member' | 'viewer'] as const,
  )
  const org = await startOrg(desk.database.db, { owner, also })
  const make = async (account: string, body: object) => {
    const { bearer } = await desk.signIn(account)
    return desk.ask('POST', '/v1/keys', bearer, { name: 'org', org: org.slug, ...body })
  }
  for (const account of [roles.owner, roles.admin, roles.member]) {
    const { status, body } = await make(account, { org_mode: 'fallback' })
    expect([status, body.account, body.org_id, body.org_mode]).toEqual([200, account, org.id, 'fallback'])
  }
  for (const account of [roles.owner, roles.admin]) {
    const { status, body } = await make(account, { service: true })
    expect([status, body.account, body.org_id, body.created_by]).toEqual([200, org.id, org.id, account])
  }
  expect((await make(roles.viewer, {})).status).toBe(403)
  expect((await make(roles.viewer, { service: true })).status).toBe(403)
  expect((await make(roles.member, { service: true })).status).toBe(403)
  expect((await make(newWallet(), {})).status).toBe(404)
  expect((await make(newWallet(), { service: true })).status).toBe(404)
})

test("an admin sees and revokes all keys of its org, and holds its service keys; a member's key stays that member's", async () => {
  const desk = await startIdentityDesk()
  const [owner, admin, member] = [newWallet(), newWallet(), newWallet()]
  const org = await startOrg(desk.database.db, {
    owner,
    also: [
      [admin, 'admin'],
      [member, 'member'],
    ],
  })
  const own = await desk.makeKey({ account: member, orgId: org.id })
  await desk.makeKey({ account: member })
  const service = await desk.makeKey({ account: org.id })
  const [asAdmin, asMember] = [(await desk.signIn(admin)).bearer, (await desk.signIn(member)).bearer]
  const listed = async (headers: Record<string, string>, query: string) => {
    const { status, body } = await desk.ask('GET', `/v1/keys${query}`, headers)
    return status === 200 ? body.data.map(({ id }: { id: string }) => id) : status
  }
  expect(await listed(asAdmin, `?org=${org.slug}`)).toEqual([service.key.id, own.key.id])
  expect(await listed(asAdmin, `?org=${org.id}`)).toEqual([service.key.id, own.key.id])
  expect(await listed(asMember, `?org=${org.id}`)).toEqual([own.key.id])
  expect(await listed(asAdmin, '')).toEqual([])
  expect(await listed(asMember, '')).toHaveLength(2)
  expect(await listed((await desk.signIn(newWallet())).bearer, `?org=${org.id}`)).toBe(404)

  const path = `/v1/keys/${own.key.id}`
  expect((await desk.ask('GET', path, asAdmin)).status).toBe(200)
  expect((await desk.ask('POST', `${path}/rotate`, asAdmin, {})).status).toBe(404)
  expect((await desk.ask('PATCH', path, asAdmin, { scopes: { ips: null } })).status).toBe(404)
  expect((await desk.ask('DELETE', path, asAdmin)).body.status).toBe('revoked')
  expect((await desk.ask('PATCH', `/v1/keys/${service.key.id}`, asAdmin, { name: 'ci' })).body.name).toBe('ci')
  expect((await desk.ask('POST', `/v1/keys/${service.key.id}/rotate`, asAdmin, {})).body.account).toBe(org.id)
  expect((await desk.ask('GET', `/v1/keys/${service.key.id}`, asMember)).status).toBe(404)
})

test('a key that is confined to some orgs lists no keys of another', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const owner = newWallet()
  const [mine, other] = [await startOrg(db, { owner }), await startOrg(db, { owner })]
  const { bearer } = await desk.makeKey({ account: owner, scopes: { orgs: [mine.id] } })
  expect((await desk.ask('GET', `/v1/keys?org=${mine.slug}`, bearer)).status).toBe(200)
  const { status, body } = await desk.ask('GET', `/v1/keys?org=${other.slug}`, bearer)
  expect([status, body.error.code]).toEqual([404, 'org_not_found'])
})

const WRONG_KEYS = [
  [{}, 'name', 'missing_required_parameter'],
  [{ name: '' }, 'name', 'invalid_value'],
  [{ name: 'a\u0000b' }, 'name', 'invalid_value'],
  [{ name: 'n'.repeat(129) }, 'name', 'invalid_value'],
  [{ name: 'a', secret: 'gw_mine' }, 'secret', 'unknown_parameter'],
  [{ name: 'a', scopes: { chains: [] } }, 'scopes.chains', 'unknown_parameter'],
  [{ name: 'a', scopes: { ips: ['10.0.0.0/33'] } }, 'scopes.ips[0]', 'invalid_value'],
  [{ name: 'a', scopes: { ips: [] } }, 'scopes.ips', 'invalid_value'],
  [
    { name: 'a', scopes: { models: ['a'.repeat(200)], tools: Array(40).fill('b'.repeat(200)) } },
    'scopes',
    'invalid_value',
  ],
  [{ name: 'a', scopes: { orgs: ['acme'] } }, 'scopes.orgs[0]', 'invalid_value'],
  [{ name: 'a', scopes: { models: 'operator' } }, 'scopes.models', 'invalid_type'],
  [{ name: 'a', scopes: { requests_per_minute: 0 } }, 'scopes.requests_per_minute', 'invalid_value'],
  [{ name: 'a', scopes: { credits_per_day: 1.25 } }, 'scopes.credits_per_day', 'invalid_type'],
  [{ name: 'a', scopes: { credits_per_day: '1.2345678' } }, 'scopes.credits_per_day', 'invalid_value'],
  [{ name: 'a', scopes: { credits_per_day: '-1' } }, 'scopes.credits_per_day', 'invalid_value'],
  [{ name: 'a', expires_at: 1 }, 'expires_at', 'invalid_value'],
  [{ name: 'a', expires_in: 0 }, 'expires_in', 'invalid_value'],
  [{ name: 'a', expires_in: 60, expires_at: 4_102_444_800 }, 'expires_in', 'invalid_value'],
  [{ name: 'a', service: true }, 'service', 'unsupported_value'],
  [{ name: 'a', org_mode: 'strict' }, 'org_mode', 'unsupported_value'],
] as const

test('an account has 1000 keys that count, however many are asked for at once, and one more where one is revoked', async () => {
  const desk = await startIdentityDesk()
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  await addKeys(desk.database, { wallet, count: 998 })
  const make = () => desk.ask('POST', '/v1/keys', bearer, { name: 'more' })
  const replies = await Promise.all([make(), make(), make(), make(), make()])
  const made = replies.filter(({ status }) => status === 200).map(({ body }) => body.id)
  const refused = replies.filter(({ status }) => status === 409)
  expect([made.length, refused.length]).toEqual([2, 3])
  expect(refused[0]?.body.error).toEqual({
    message:
      'This account has 1000 API keys that count, and may have 1000. Revoke one that is not needed any more: DELETE /v1/keys/{id}.',
    type: 'conflict_error',
    param: null,
    code: 'too_many_keys',
  })
  expect((await desk.ask('DELETE', `/v1/keys/${made[0]}`, bearer)).status).toBe(200)
  expect((await make()).status).toBe(200)
  expect((await make()).status).toBe(409)
  expect((await desk.makeKey({ account: wallet })).key.account).toBe(wallet)
})

test('of an account with all the keys it may have, none is revived or goes on beside its successor', async () => {
  const desk = await startIdentityDesk()
  const wallet = newWallet()
  const { bearer } = await desk.signIn(wallet)
  const { key: old } = await desk.makeKey({ account: wallet })
  const { key } = await desk.makeKey({ account: wallet })
  await desk.database.db
    .updateTable('api_keys')
    .set({ expires_at: new Date(0) })
    .where('id', '=', old.id)
    .execute()
  await addKeys(desk.database, { wallet, count: 999 })
  const full = { status: 409, body: { error: { code: 'too_many_keys' } } }
  expect(await desk.ask('PATCH', `/v1/keys/${old.id}`, bearer, { expires_at: null })).toMatchObject(full)
  expect(await desk.ask('POST', `/v1/keys/${key.id}/rotate`, bearer, { grace_seconds: 60 })).toMatchObject(full)
  expect((await desk.ask('GET', `/v1/keys/${old.id}`, bearer)).body.status).toBe('expired')
  expect((await desk.ask('PATCH', `/v1/keys/${key.id}`, bearer, { expires_in: 60 })).status).toBe(200)
  expect((await desk.ask('POST', `/v1/keys/${key.id}/rotate`, bearer, {})).status).toBe(200)
})

/** That count. */
async function addKeys({ db }: Database, { wallet, count }: { wallet: string; count: number }): Promise<void> {
  await sql`
    insert into api_keys (id, hash, hint, name, account, scopes, created_by)
    select 'key_' || lpad(n::text, 16, '0'), n::text, '', 'many', ${wallet}, '{}', ${wallet} from generate_series(1, ${count}::int) as n
  `.execute(db)
}

test('a body that makes no key is a 400 that names the field at fault', async () => {
  const desk = await startIdentityDesk()
  const { bearer } = await desk.signIn(newWallet())
  for (const [body, param, code] of WRONG_KEYS) {
    const { status, body: reply } = await desk.ask('POST', '/v1/keys', bearer, body)
    expect([status, reply.error.param, reply.error.code], JSON.stringify(body)).toEqual([400, param, code])
  }
  expect((await desk.ask('GET', '/v1/keys', bearer)).body.data).toEqual([])
})

test('a method that a route does not know is a 405 with those it does', async () => {
  const desk = await startIdentityDesk()
  for (const [path, allow] of [
    ['/v1/keys', 'GET, HEAD, POST, OPTIONS'],
    ['/v1/keys/key_1', 'GET, HEAD, PATCH, DELETE, OPTIONS'],
    ['/v1/keys/key_1/rotate', 'POST, OPTIONS'],
  ] as const) {
    const response = await fetch(desk.url + path, { method: 'PUT' })
    expect([response.status, response.headers.get('allow')]).toEqual([405, allow])
  }
})

test('keys are as the document says, and what it shows makes keys', async () => {
  const desk = await startIdentityDesk()
  const { db } = desk.database
  const owner = newWallet()
  const { bearer } = await desk.signIn(owner)
  await createOrg(db, { slug: 'acme', name: 'Acme', owner }, ACTOR) // that the document's example names
  for (const example of [NEW_KEY, NEW_SERVICE_KEY]) {
    const { status, body } = await desk.ask('POST', '/v1/keys', bearer, example)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(z.strictObject(KeyWithSecret.shape).parse(body)).toEqual(body)
    await desk.ask('POST', `/v1/keys/${body.id}/rotate`, bearer, {})
    const { body: revoked } = await desk.ask('GET', `/v1/keys/${body.id}`, bearer)
    expect(z.strictObject(Key.shape).parse(revoked)).toEqual(revoked)
  }
  const { body: list } = await desk.ask('GET', '/v1/keys', bearer)
  expect(KeyList.parse(list)).toEqual(list)
  expect([KeyWithSecret.parse(MADE_KEY), Key.parse(KEY), Key.parse(REVOKED_KEY)]).toEqual([MADE_KEY, KEY, REVOKED_KEY])
})

test('the audit log tells who changed a key, from where, and by which request', async () => {
  const desk = await startIdentityDesk()
  const account = newWallet()
  const { bearer } = await desk.signIn(account)
  const { body } = await desk.ask('POST', '/v1/keys', { ...bearer, 'x-request-id': 'req_of_mine' }, { name: 'mine' })
  const rows = desk.database.db.selectFrom('audit_log').selectAll().where('action', '=', 'key.created')
  expect(await rows.execute()).toMatchObject([
    { actor: account, via: 'api', ip: '127.0.0.1', request_id: 'req_of_mine', subject: body.id },
  ])
})
