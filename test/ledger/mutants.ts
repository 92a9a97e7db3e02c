import { type Kysely, sql } from 'kysely'
import { InsufficientCreditsError } from '../../src/accounts/insufficient-credits-error.ts'
import { createLedger } from '../../src/accounts/ledger/create-ledger.ts'
import { findHold } from '../../src/accounts/ledger/find-hold.ts'
import { HOUSE } from '../../src/accounts/ledger/house.ts'
import type { HoldOrder, Ledger, RunDone, Settlement } from '../../src/accounts/ledger.ts'
import { price, toStoredTerms } from '../../src/accounts/price.ts'
import type { Database } from '../../src/db/database.ts'
import type { Tables } from '../../src/db/schema.ts'
import { withStoreErrors } from '../../src/db/with-store-errors.ts'
import { insertUsage } from './insert-usage.ts'
import { rewriteSql } from './rewrite-sql.ts'

/** A ledger that is right but for one fault. */
export type Mutant = {
  fault: string
  open(database: Database): Ledger
  /** What would refuse the fault's writes: taken down, so that something else has to tell. */
  guards?: readonly string[]
}

type Db = Kysely<Tables>
const HOUR_MS = 3_600_000

/** The ledger itself, with some of it done otherwise. */
function but(database: Database, changes: (ledger: Ledger) => Partial<Ledger>): Ledger {
  const ledger = createLedger({ database })
  return { ...ledger, ...withStoreErrors(changes(ledger) as Record<string, never>) }
}

/** The ledger itself, over statements of which this part is another. */
function saying(database: Database, from: string | RegExp, to: string): Ledger {
  return createLedger({ database: rewriteSql(database, (statement) => statement.replaceAll(from, to)) })
}

export const MUTANTS: readonly Mutant[] = [
  {
    fault: 'check, then act',
    open: (database) => but(database, () => ({ hold: (order) => placeInPieces(database.db, order, addHeld) })),
    guards: ['alter table accounts drop constraint available_not_negative'],
  },
  {
    fault: 'no state guard on settle',
    open: (database) =>
      but(database, () => ({
        settle: (runId, done) => saying(database, / and (holds\.)?state = 'open'/g, '').settle(runId, done),
      })),
    guards: [
      'drop trigger closed_holds_stay on holds',
      'alter table ledger_transfers drop constraint once_per_ref',
      'alter table run_usage drop constraint run_usage_pkey',
      'alter table accounts drop constraint held_not_negative',
    ],
  },
  {
    fault: 'settle outside one transaction',
    open: (database) => but(database, () => ({ settle: (runId, done) => settleInPieces(database.db, runId, done) })),
  },
  {
    fault: 'increment lost',
    open: (database) => but(database, () => ({ hold: (order) => placeInPieces(database.db, order, writeHeld) })),
    guards: ['alter table accounts drop constraint held_not_negative'],
  },
  {
    fault: 'hold leaked where a run has failed',
    open: (database) =>
      but(database, ({ settle, findHold }) => ({
        async settle(runId, done) {
          if (done.isUncharged !== true) return settle(runId, done)
          const hold = await findHold(runId)
          return hold && { account: hold.account, cost: 0n, charged: 0n, balance: 0n }
        },
      })),
  },
  {
    fault: 'double count after clean-up',
    open: (database) =>
      but(database, ({ closeLost }) => ({
        async closeLost() {
          await sql`delete from holds where state <> 'open'`.execute(database.db)
          return closeLost()
        },
      })),
    guards: ['drop trigger closed_holds_stay on holds', 'drop trigger open_holds_stay on holds'],
  },
  {
    fault: 'fail open',
    open: (database) =>
      but(database, ({ hold }) => ({
        hold: (order) =>
          hold(order).catch((error: { code?: string }) => {
            if (error.code !== 'store_unavailable') throw error
            const { runId, amount, caller, model, terms, payers } = order
            return { runId, amount, caller, model, terms, account: payers[0] ?? '', keyId: null, orgId: null }
          }),
      })),
  },
  {
    fault: 'clock of the wrong machine: deadlines, an hour ahead',
    open: (database) => saying(database, /clock_timestamp\(\) \+ (?=\$)/g, `${processClock(HOUR_MS)} + `),
  },
  {
    fault: 'clock of the wrong machine: deadlines, an hour behind',
    open: (database) => saying(database, /clock_timestamp\(\) \+ (?=\$)/g, `${processClock(-HOUR_MS)} + `),
  },
  {
    fault: 'clock of the wrong machine: the sweeper, an hour ahead',
    open: (database) => saying(database, 'deadline < clock_timestamp()', `deadline < ${processClock(HOUR_MS)}`),
  },
]

const processClock = (skewMs: number) => `timestamptz '${new Date(Date.now() + skewMs).toISOString()}'`

type Raise = (db: Db, account: string, order: HoldOrder, held: bigint) => Promise<unknown>

const addHeld: Raise = (db, account, { amount }) =>
  sql`update accounts set held = held + ${amount}::bigint where id = ${account}`.execute(db)

const writeHeld: Raise = (db, account, { amount }, held) =>
  sql`
    update accounts set held = ${held + amount}::bigint
    where id = ${account} and balance - held >= ${amount}::bigint`.execute(db)

/** Without ceilings: they are not what is wrong. */
async function placeInPieces(db: Db, order: HoldOrder, raise: Raise) {
  const { runId, payers, amount, caller, model, terms, ttlMs } = order
  const account = payers[0] ?? ''
  const known = await findHold(db, runId)
  if (known !== undefined) return known
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ balance: string; held: string }>`
      select balance::text, held::text from accounts where id = ${account}`.execute(tx)
    const held = BigInt(rows[0]?.held ?? 0)
    const available = BigInt(rows[0]?.balance ?? 0) - held
    if (available < amount) throw new InsufficientCreditsError({ needed: amount, available, account })
    const placed = await sql`
      insert into holds (run_id, account, amount, caller, model, terms, counters, deadline)
      values (${runId}, ${account}, ${amount}::bigint, ${caller}, ${model}, ${JSON.stringify(toStoredTerms(terms))}::json, '[]',
        clock_timestamp() + ${ttlMs}::float8 * interval '1 ms')
      on conflict do nothing returning 1`.execute(tx)
    if (placed.rows.length === 0) throw new InsufficientCreditsError({ needed: amount, available, account })
    await raise(tx, account, order, held)
    return { runId, account, amount, caller, keyId: null, orgId: null, model, terms }
  })
}

/** Each statement by itself. */
async function settleInPieces(db: Db, runId: string, done: RunDone): Promise<Settlement | undefined> {
  const hold = await findHold(db, runId)
  if (hold === undefined) return undefined
  const cost = price(done, hold.terms)
  const charge = done.isUncharged === true ? 0n : cost
  const { rows } = await sql<{ account: string; amount: string; settled: string }>`
    update holds set state = ${done.isUncharged === true ? 'released' : 'settled'},
      settled = least(${charge}::bigint, amount), closed_at = clock_timestamp()
    where run_id = ${runId} and state = 'open' returning account, amount::text, settled::text`.execute(db)
  const [closed] = rows
  if (closed === undefined) return undefined
  const { account, amount, settled } = closed
  await sql`
    with freed as (
      update accounts set held = held - ${amount}::bigint, balance = balance - ${settled}::bigint where id = ${account}
      returning balance
    )
    insert into ledger_transfers (kind, ref, debit, credit, amount, debit_balance)
    select 'charge', ${runId}, ${account}, ${HOUSE.charge}, ${settled}::bigint, balance from freed
    where ${settled}::bigint > 0`.execute(db)
  await insertUsage(done, hold.terms, {
    from: sql`(select * from holds where run_id = ${runId}) as closed`,
    amount: sql`settled`,
    writtenOff: sql`${cost}::bigint - settled`,
  }).execute(db)
  for (const { subject, period, unit } of hold.counters) {
    const [held, spent] = unit === 'runs' ? ['1', '0'] : [amount, settled]
    await sql`
      update spend_counters set held = held - ${held}::bigint, spent = spent + ${spent}::bigint
      where subject = ${subject} and period = ${period}`.execute(db)
  }
  return { account, cost, charged: BigInt(settled), balance: 0n }
}
