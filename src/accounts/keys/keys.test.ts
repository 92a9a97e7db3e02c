import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, newWallet, startOrg } from '../../../test/support/orgs.ts'
import type { Database } from '../../db/database.ts'
import { createKey } from './create-key.ts'
import { createKeyDesk } from './create-key-desk.ts'
import { findKey } from './find-key.ts'
import { hashSecret } from './key-secret.ts'
import { listKeys } from './list-keys.ts'
import { revokeKey } from './revoke-key.ts'
import { rotateKey } from './rotate-key.ts'
import { updateKey } from './update-key.ts'

const ALL = { type: 'all' } as const

const audited = (db: Database['db']) =>
  db.selectFrom('audit_log').select(['actor', 'action', 'subject', 'org_id', 'details']).orderBy('at').execute()

test('of a key the store has its SHA-256 and four characters at its end, and the audit log not even those', async () => {
  const { db, pool } = await testDatabase()
  const { secret, key } = await createKey(db, { name: 'laptop', account: newWallet() }, ACTOR)
  const rotated = await rotateKey(db, { id: key.id, reach: ALL }, ACTOR)
  const tables = ['api_keys', 'audit_log', 'accounts']
  const rows = await Promise.all(tables.map((table) => pool.query(`select t::text as row from ${table} t`)))
  const [keys = '', log = '', accounts = ''] = rows.map((result) => result.rows.map(({ row }) => row).join('\n'))
  for (const one of [secret, rotated.secret]) {
    expect(keys).toContain(hashSecret(one))
    expect(keys + log + accounts).not.toContain(one.slice(3, 12))
    expect(log + accounts).not.toContain(one.slice(-4))
  }
})

test('a key makes the account of its owner where there is none', async () => {
  const { db } = await testDatabase()
  const wallet = newWallet()
  await createKey(db, { name: 'one', account: wallet }, ACTOR)
  await createKey(db, { name: 'two', account: wallet }, ACTOR)
  await createKey(db, { name: 'three', account: 'acct_0123456789abcdef' }, ACTOR)
  const accounts = await db.selectFrom('accounts').select(['id', 'kind']).orderBy('id').execute()
  expect(accounts).toEqual([
    { id: wallet, kind: 'wallet' },
    { id: 'acct_0123456789abcdef', kind: 'account' },
  ])
})

test('a key of an org is for who may spend there, and a service key for an org that is open', async () => {
  const { db } = await testDatabase()
  const [owner, member, viewer, stranger] = [newWallet(), newWallet(), newWallet(), newWallet()]
  const org = await startOrg(db, {
    owner,
    also: [
      [member, 'member'],
      [viewer, 'viewer'],
    ],
  })
  const make = (account: string) => createKey(db, { name: 'org', account, orgId: org.id }, ACTOR)
  expect((await make(owner)).key.orgId).toBe(org.id)
  expect((await make(member)).key.orgId).toBe(org.id)
  expect((await createKey(db, { name: 'service', account: org.id }, ACTOR)).key.orgId).toBe(org.id)
  for (const account of [viewer, stranger, newWallet()]) {
    await expect(make(account)).rejects.toMatchObject({ status: 403, code: 'org_not_allowed' })
  }
  await db.updateTable('orgs').set({ closed_at: new Date() }).execute()
  for (const account of [owner, org.id]) await expect(make(account)).rejects.toMatchObject({ code: 'org_not_allowed' })
})

test('an expiry is counted by the clock of the store, and one that has passed makes no key', async () => {
  const { db } = await testDatabase()
  const make = (expiry: Parameters<typeof createKey>[1]['expiry']) =>
    createKey(db, { name: 'short', account: newWallet(), expiry }, ACTOR)
  const { key } = await make({ inSec: 3_600 })
  expect(key.expiresAtMs ?? 0).toBeCloseTo(key.createdAtMs + 3_600_000, -2)
  expect((await make({ atSec: 4_102_444_800 })).key.expiresAtMs).toBe(4_102_444_800_000)
  expect((await make(null)).key.expiresAtMs).toBeNull()
  await expect(make({ atSec: 1_700_000_000 })).rejects.toMatchObject({ status: 400, param: 'expires_at' })
  expect((await listKeys(db, { limit: 10 }))?.rows).toHaveLength(3)
})

test('a change touches what it names, and null lifts a scope', async () => {
  const { db } = await testDatabase()
  const scopes = { models: ['operator'], creditsPerDay: 5n, manage: true }
  const { key } = await createKey(db, { name: 'old', account: newWallet(), scopes }, ACTOR)
  const change = { scopes: { models: null, requestsPerMinute: 60, tools: undefined } }
  const changed = await updateKey(db, { id: key.id, reach: ALL, change }, ACTOR)
  expect(changed).toEqual({ ...key, scopes: { creditsPerDay: 5n, manage: true, requestsPerMinute: 60 } })
  const named = await updateKey(db, { id: key.id, reach: ALL, change: { name: 'new', expiry: { inSec: 60 } } }, ACTOR)
  expect(named).toEqual({ ...changed, name: 'new', expiresAtMs: expect.any(Number) })
  expect((await updateKey(db, { id: key.id, reach: ALL, change: { expiry: null } }, ACTOR)).expiresAtMs).toBeNull()
  const past = updateKey(db, { id: key.id, reach: ALL, change: { name: 'x', expiry: { atSec: 1 } } }, ACTOR)
  await expect(past).rejects.toMatchObject({ status: 400 })
  expect((await findKey(db, key.id, ALL))?.name).toBe('new')
})

test('a rotation ends the old secret at once, or when its grace ends, and keeps all else', async () => {
  const { db } = await testDatabase()
  const wanted = { name: 'ci', account: newWallet(), scopes: { models: ['operator'] }, expiry: { inSec: 7_200 } }
  const first = await createKey(db, wanted, ACTOR)
  const second = await rotateKey(db, { id: first.key.id, reach: ALL }, ACTOR)
  const { id, hint, createdAtMs } = second.key
  expect(second.key).toEqual({ ...first.key, id, hint, createdAtMs })
  expect(second.secret).not.toBe(first.secret)
  expect(await findKey(db, first.key.id, ALL)).toMatchObject({ state: 'revoked', replacedBy: id })

  const third = await rotateKey(db, { id, reach: ALL, graceSec: 3_600 }, ACTOR)
  const old = await findKey(db, id, ALL)
  expect(old).toMatchObject({ state: 'active', revokedAtMs: null, replacedBy: third.key.id })
  expect(old?.expiresAtMs ?? 0).toBeCloseTo(third.key.createdAtMs + 3_600_000, -3)

  const late = await rotateKey(db, { id: third.key.id, reach: ALL, graceSec: 86_400 }, ACTOR)
  expect((await findKey(db, third.key.id, ALL))?.expiresAtMs).toBe(first.key.expiresAtMs) // a grace prolongs nothing
  expect(late.key.expiresAtMs).toBe(first.key.expiresAtMs)
})

test('of twenty rotations at once one makes a key', async () => {
  const { db } = await testDatabase()
  const { key } = await createKey(db, { name: 'ci', account: newWallet() }, ACTOR)
  const tries = Array.from({ length: 20 }, () => rotateKey(db, { id: key.id, reach: ALL, graceSec: 60 }, ACTOR))
  const results = await Promise.allSettled(tries)
  const [failure] = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  expect(failure).toMatchObject({ status: 409, code: 'key_not_active' })
  expect((await listKeys(db, { limit: 10 }))?.rows).toHaveLength(2)
})

test('what is revoked, replaced or expired is not changed or rotated any more; revoking again changes nothing', async () => {
  const { db } = await testDatabase()
  const make = async () => (await createKey(db, { name: 'k', account: newWallet() }, ACTOR)).key.id
  const [revoked, replaced, expired] = [await make(), await make(), await make()]
  const first = await revokeKey(db, { id: revoked, reach: ALL }, ACTOR)
  expect(await revokeKey(db, { id: revoked, reach: ALL }, ACTOR)).toEqual(first)
  await rotateKey(db, { id: replaced, reach: ALL, graceSec: 60 }, ACTOR)
  await db
    .updateTable('api_keys')
    .set({ expires_at: new Date(0) })
    .where('id', '=', expired)
    .execute()
  const gone = { status: 409, code: 'key_not_active' }
  for (const id of [revoked, replaced]) {
    await expect(updateKey(db, { id, reach: ALL, change: { name: 'x' } }, ACTOR)).rejects.toMatchObject(gone)
  }
  for (const id of [revoked, replaced, expired]) {
    await expect(rotateKey(db, { id, reach: ALL }, ACTOR)).rejects.toMatchObject(gone)
  }
  expect(await revokeKey(db, { id: replaced, reach: ALL }, ACTOR)).toMatchObject({ state: 'revoked' })
  const back = await updateKey(db, { id: expired, reach: ALL, change: { expiry: { inSec: 60 } } }, ACTOR)
  expect(back.state).toBe('active')
})

test('every change of a key is in the audit log, with who did it, and no change without', async () => {
  const { db } = await testDatabase()
  const actor = { id: newWallet(), via: 'api', ip: '203.0.113.7', requestId: 'req_1' } as const
  const org = await startOrg(db, { owner: actor.id })
  const order = { name: 'a', account: actor.id, orgId: org.id, scopes: { requestsPerMinute: 9 } }
  const { key } = await createKey(db, order, actor)
  const change = { name: 'b', scopes: { creditsPerDay: 7n }, expiry: { atSec: 4_000_000_000 } }
  await updateKey(db, { id: key.id, reach: ALL, change }, actor)
  const { key: next } = await rotateKey(db, { id: key.id, reach: ALL }, actor)
  await revokeKey(db, { id: next.id, reach: ALL }, actor)
  await revokeKey(db, { id: next.id, reach: ALL }, actor)
  const rows = (await audited(db)).filter(({ action }) => action.startsWith('key.'))
  expect(rows.map(({ action, subject }) => [action, subject])).toEqual([
    ['key.created', key.id],
    ['key.changed', key.id],
    ['key.rotated', key.id],
    ['key.revoked', next.id],
  ])
  expect(rows.every((row) => row.actor === actor.id && row.org_id === org.id)).toBe(true)
  expect(rows.map(({ details }) => details)).toEqual([
    { account: actor.id, org_mode: 'strict', name: 'a', scopes: { requests_per_minute: 9 }, expires_at: null },
    {
      from: { name: 'a', scopes: { requests_per_minute: 9 }, expires_at: null },
      to: { name: 'b', scopes: { requests_per_minute: 9, credits_per_day: '0.000007' }, expires_at: 4_000_000_000 },
    },
    { replaced_by: next.id, grace_seconds: 0 },
    {},
  ])

  await db.schema.alterTable('audit_log').renameTo('audit_away').execute()
  await expect(createKey(db, { name: 'c', account: actor.id }, actor)).rejects.toThrow()
  await expect(revokeKey(db, { id: key.id, reach: ALL }, actor)).resolves.toBeDefined() // it was revoked before
  expect((await listKeys(db, { limit: 10 }))?.rows).toHaveLength(2)
})

test('while the store is away every door says so', async () => {
  const database = await testDatabase()
  const keys = createKeyDesk(database)
  await database.close()
  const away = { status: 503, code: 'store_unavailable' }
  await expect(keys.list({ limit: 1 })).rejects.toMatchObject(away)
  await expect(keys.create({ name: 'a', account: newWallet() }, ACTOR)).rejects.toMatchObject(away)
  await expect(keys.find('key_0123456789abcdef', ALL)).rejects.toMatchObject(away)
})
