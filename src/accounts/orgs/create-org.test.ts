import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, auditedActions, newSlug, newWallet, openWallet, startOrg } from '../../../test/support/orgs.ts'
import { createOrg } from './create-org.ts'
import { createOrgDesk } from './create-org-desk.ts'
import { findOrg, listOrgs } from './read-orgs.ts'

test('an org has an account of its own and one owner, whom nobody need have seen before', async () => {
  const database = await testDatabase()
  const { db } = database
  const owner = newWallet()
  const slug = newSlug()
  const org = await createOrg(db, { slug, name: 'Acme', owner }, ACTOR)
  expect(org).toEqual({
    id: expect.stringMatching(/^org_/),
    slug,
    name: 'Acme',
    balance: 0n,
    held: 0n,
    createdAtMs: org.createdAtMs,
  })
  expect(await db.selectFrom('accounts').select(['id', 'kind']).orderBy('kind').execute()).toEqual([
    { id: org.id, kind: 'org' },
    { id: owner, kind: 'wallet' },
  ])
  expect(await createOrgDesk(database).find({ org: slug, by: owner })).toMatchObject({ id: org.id, role: 'owner' })
  expect(await auditedActions(db, org.id)).toEqual(['org.created'])
})

test('of those who want a slug at once, one gets it', async () => {
  const { db } = await testDatabase()
  const slug = newSlug()
  const tries = Array.from({ length: 8 }, () => createOrg(db, { slug, name: 'Acme', owner: newWallet() }, ACTOR))
  const outcomes = await Promise.allSettled(tries)
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ status: 409, code: 'slug_taken' })
  }
  const { rows } = (await listOrgs(db, { limit: 10 })) ?? expect.fail()
  expect(rows.map((org) => org.slug)).toEqual([slug])
  expect(await db.selectFrom('accounts').select('id').where('kind', '=', 'org').execute()).toHaveLength(1)
})

test('a slug that was an org keeps its name to itself when that is closed', async () => {
  const database = await testDatabase()
  const owner = await openWallet(database.db)
  const { id, slug } = await startOrg(database.db, { owner })
  await createOrgDesk(database).close({ org: id, by: owner }, ACTOR)
  await expect(createOrg(database.db, { slug, name: 'Acme', owner }, ACTOR)).rejects.toMatchObject({
    code: 'slug_taken',
  })
})

test('a reserved word is no slug, and neither an org nor a mere word can own an org', async () => {
  const { db } = await testDatabase()
  const owner = newWallet()
  const { id } = await startOrg(db, { owner })
  const create = (order: { slug?: string; owner?: string }) =>
    createOrg(db, { slug: newSlug(), name: 'Acme', owner, ...order }, ACTOR)
  await expect(create({ slug: 'admin' })).rejects.toMatchObject({ status: 400, param: 'slug' })
  await expect(create({ owner: id })).rejects.toMatchObject({ status: 403, code: 'org_as_member' })
  await expect(create({ owner: 'ann' })).rejects.toMatchObject({ status: 400, param: 'owner' })
})

test('an org is found by its id and by its slug, and what can be neither is not looked for', async () => {
  const { db } = await testDatabase()
  const { id, slug } = await startOrg(db, { owner: newWallet() })
  expect(await findOrg(db, id)).toMatchObject({ id, slug })
  expect(await findOrg(db, slug)).toMatchObject({ id, slug })
  for (const name of [newSlug(), 'org_x', '', '\u0000', "'", slug.toUpperCase(), 'a'.repeat(1_000)]) {
    expect(await findOrg(db, name)).toBeUndefined()
  }
})

test('lists go on where the page before has ended, the latest first', async () => {
  const database = await testDatabase()
  const owner = await openWallet(database.db)
  const ids: string[] = []
  for (let i = 0; i < 5; i++) ids.unshift((await startOrg(database.db, { owner })).id)
  await startOrg(database.db, { owner: newWallet() })
  const desk = createOrgDesk(database)
  const seen: string[] = []
  for (let hasMore = true; hasMore; ) {
    const page = (await desk.list(owner, { limit: 2, after: seen.at(-1) })) ?? expect.fail()
    expect(page.rows.length).toBeLessThanOrEqual(2)
    seen.push(...page.rows.map((org) => org.id))
    hasMore = page.hasMore
  }
  expect(seen).toEqual(ids)
  expect(await desk.list(owner, { limit: 2, after: ids.at(-1) })).toEqual({ rows: [], hasMore: false })
  expect(await desk.list(owner, { limit: 2, after: 'org_aaaaaaaaaaaaaaaa' })).toBeUndefined()
  expect(await desk.list(owner, { limit: 2, after: '\u0000' })).toBeUndefined()
  const only = ids.slice(1, 3)
  expect((await desk.list(owner, { limit: 5, only }))?.rows.map((org) => org.id)).toEqual(only)
})
