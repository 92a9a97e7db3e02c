import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { ACTOR, auditedActions, openWallet, startOrg } from '../../../test/support/orgs.ts'
import type { Database } from '../../db/database.ts'
import { createLedger } from '../ledger/create-ledger.ts'
import { readBalance } from '../ledger/read-account.ts'
import type { HoldOrder } from '../ledger.ts'
import { createOrgDesk } from './create-org-desk.ts'

const CREDIT = 1_000_000n

async function startFunded({ credits = 0n }: { credits?: bigint } = {}) {
  const database = await testDatabase()
  const { db } = database
  const [owner, member] = [await openWallet(db, { credits: 10n }), await openWallet(db, { credits: 10n })]
  const { id: org } = await startOrg(db, { owner, also: [[member, 'member']], credits })
  const balances = () => Promise.all([org, owner, member].map(async (id) => (await readBalance(db, id))?.balance))
  return { database, db, desk: createOrgDesk(database), org, owner, member, balances }
}

test('members give credits to their org, and owners take them back', async () => {
  const { db, desk, org, owner, member, balances } = await startFunded()
  expect(await desk.moveIn({ org, by: member, amount: 4n * CREDIT }, ACTOR)).toMatchObject({ balance: 6n * CREDIT })
  expect(await desk.moveOut({ org, by: owner, amount: CREDIT }, ACTOR)).toMatchObject({ balance: 3n * CREDIT })
  expect(await balances()).toEqual([3n * CREDIT, 11n * CREDIT, 6n * CREDIT])
  const short = { status: 402, code: 'insufficient_credits' }
  await expect(desk.moveOut({ org, by: owner, amount: 4n * CREDIT }, ACTOR)).rejects.toMatchObject(short)
  await expect(desk.moveIn({ org, by: member, amount: 7n * CREDIT }, ACTOR)).rejects.toMatchObject(short)
  expect(await auditedActions(db, org)).toEqual(['org.created', 'org.credits_moved', 'org.credits_moved'])
})

test('what is asked for again under its id happens once, and is told again', async () => {
  const { db, desk, org, member, balances } = await startFunded()
  const move = { org, by: member, amount: CREDIT, id: 'mine' }
  const postings = await Promise.all(Array.from({ length: 8 }, () => desk.moveIn(move, ACTOR)))
  expect(postings.filter(({ isNew }) => isNew)).toHaveLength(1)
  expect(new Set(postings.map(({ id, amount, balance }) => `${id} ${amount} ${balance}`)).size).toBe(1)
  expect(await balances()).toEqual([CREDIT, 10n * CREDIT, 9n * CREDIT])
  expect(await auditedActions(db, org)).toEqual(['org.created', 'org.credits_moved'])
  await expect(desk.moveIn({ ...move, amount: 2n * CREDIT }, ACTOR)).rejects.toMatchObject({
    status: 422,
    code: 'idempotency_key_reused',
    param: 'id',
  })
})

test('the same id of another member, or the other way, is another movement', async () => {
  const { desk, org, owner, member, balances } = await startFunded()
  for (const by of [owner, member]) await desk.moveIn({ org, by, amount: 2n * CREDIT, id: '1' }, ACTOR)
  await desk.moveOut({ org, by: owner, amount: CREDIT, id: '1' }, ACTOR)
  expect(await balances()).toEqual([3n * CREDIT, 9n * CREDIT, 8n * CREDIT])
})

test('an org with credits left is closed only where an owner gets them', async () => {
  const { db, desk, org, owner, member, balances } = await startFunded({ credits: 3n })
  const close = (moveTo?: string) => desk.close({ org, by: owner, moveTo }, ACTOR)
  await expect(close()).rejects.toMatchObject({ status: 409, code: 'balance_left', details: { balance: '3' } })
  for (const account of [member, 'x', '\u0000', org]) {
    await expect(close(account)).rejects.toMatchObject({ status: 400, param: 'move_to' })
  }
  await close(owner)
  expect(await balances()).toEqual([0n, 13n * CREDIT, 10n * CREDIT])
  expect(await auditedActions(db, org)).toEqual(['org.created', 'org.closed'])
})

test('a closed org is no longer found by anybody, and nothing can be given to it', async () => {
  const { desk, org, owner, member } = await startFunded()
  await desk.close({ org, by: owner }, ACTOR)
  const gone = { status: 404, code: 'org_not_found' }
  await expect(desk.find({ org, by: owner })).rejects.toMatchObject(gone)
  await expect(desk.seat(org, owner, 'viewer')).rejects.toMatchObject(gone)
  await expect(desk.moveIn({ org, by: member, amount: 1n }, ACTOR)).rejects.toMatchObject(gone)
  await expect(desk.close({ org, by: owner }, ACTOR)).rejects.toMatchObject(gone)
  expect(await desk.list(owner, { limit: 10 })).toEqual({ rows: [], hasMore: false })
})

test('an org that pays for a run cannot be closed before that has ended', async () => {
  const { database, desk, org, owner } = await startFunded({ credits: 3n })
  const ledger = createLedger({ database })
  const close = () => desk.close({ org, by: owner, moveTo: owner }, ACTOR)
  for (const amount of [CREDIT, 0n]) {
    await ledger.hold(toHold(org, owner, amount))
    await expect(close()).rejects.toMatchObject({ status: 409, code: 'org_in_use' })
    expect(await readBalance(database.db, org)).toMatchObject({ balance: 3n * CREDIT, held: amount })
    await settle(database, `run_${amount}`)
  }
  await close()
})

test('what closes an org and what is held or given at the same time leave no credits behind', async () => {
  const { database, db, desk, org, owner, member } = await startFunded({ credits: 3n })
  const ledger = createLedger({ database })
  const [closed, held] = await Promise.allSettled([
    desk.close({ org, by: owner, moveTo: owner }, ACTOR),
    ledger.hold(toHold(org, owner, 2n * CREDIT)),
    desk.moveIn({ org, by: member, amount: CREDIT }, ACTOR),
  ])
  const { balance, held: onHold } = (await readBalance(db, org)) ?? expect.fail()
  if (closed?.status === 'fulfilled') expect([balance, onHold, held?.status]).toEqual([0n, 0n, 'rejected'])
  else expect(closed?.reason).toMatchObject({ status: 409 })
  const total = (await Promise.all([org, owner, member].map((id) => readBalance(db, id)))).reduce(
    (sum, account) => sum + (account?.balance ?? 0n),
    0n,
  )
  expect(total).toBe(23n * CREDIT)
})

test('keys that are the closed org’s own are revoked, and its members keep theirs', async () => {
  const { db, desk, org, owner } = await startFunded()
  const key = { hint: 'gw_a…b', name: 'k', scopes: '{}', created_by: owner, expires_at: null, revoked_at: null }
  const rest = { replaced_by: null, last_used_at: null }
  await db
    .insertInto('api_keys')
    .values([
      { id: 'key_org', hash: 'a', account: org, org_id: org, ...key, ...rest },
      { id: 'key_own', hash: 'b', account: owner, org_id: org, ...key, ...rest },
    ])
    .execute()
  await desk.close({ org, by: owner }, ACTOR)
  const revoked = await db.selectFrom('api_keys').select('id').where('revoked_at', 'is not', null).execute()
  expect(revoked).toEqual([{ id: 'key_org' }])
  expect(await auditedActions(db, org)).toEqual(['org.created', 'key.revoked', 'org.closed'])
})

function toHold(org: string, caller: string, amount: bigint): HoldOrder {
  return {
    runId: `run_${amount}`,
    payers: [org],
    amount,
    caller,
    model: 'operator',
    terms: { rates: { promptPerMillion: 0n, completionPerMillion: 0n }, toolPrices: {} },
    ceilings: [],
    ttlMs: 60_000,
  }
}

async function settle(database: Database, runId: string) {
  const usage = { promptTokens: 0, completionTokens: 0 }
  const done = { usage, tools: {}, steps: 1, outcome: 'completed', isEstimated: false } as const
  await createLedger({ database }).settle(runId, done)
}
