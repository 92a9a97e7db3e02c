import { CompiledQuery } from 'kysely'
import type { HoldOrder } from '../ledger.ts'
import { toStoredTerms } from '../price.ts'
import type { FoundHold } from './find-hold.ts'
import type { LedgerDb } from './ledger-db.ts'
import { newHold } from './new-hold.ts'

/**
 * Places many holds in one statement, at their best: those of an account in their order, as far as it goes. Each has one payer and
 * no ceilings.
 * @returns undefined for those that were not placed; nothing is known of why.
 */
export async function placeHolds(db: LedgerDb, orders: readonly HoldOrder[]): Promise<(FoundHold | undefined)[]> {
  const holds = orders.map(toHoldAtBest)
  const rows = holds.map((hold, place) => ({
    ...hold,
    place,
    amount: String(hold.amount),
    terms: toStoredTerms(hold.terms),
    ttlMs: orders[place]?.ttlMs,
  }))
  const placed = await db.executeQuery<{ runId: string }>(CompiledQuery.raw(PLACE, [JSON.stringify(rows)]))
  const ids = new Set(placed.rows.map(({ runId }) => runId))
  // A twin in the same batch may have asked for something else: it is asked for by itself.
  const isOnly = ({ runId }: FoundHold) => holds.filter((other) => other.runId === runId).length === 1
  return holds.map((hold) => (ids.has(hold.runId) && isOnly(hold) ? hold : undefined))
}

function toHoldAtBest(order: HoldOrder): FoundHold {
  const { payers, amount, atBest = amount } = order
  return newHold({ ...order, amount: atBest > amount ? atBest : amount }, payers[0] ?? '')
}

/** The accounts are locked first, in the order in which everybody locks several; what is available is read under the lock. */
const PLACE = `
  with asked as (
    select * from json_to_recordset($1::json) as asked(
      place int, "runId" text, account text, amount bigint, caller text, "keyId" text, "orgId" text, model text, terms json,
      "ttlMs" float8
    )
  ), locked as (
    select id, balance - held as available from accounts where id in (select account from asked) order by id for update
  ), ranked as (
    select asked.*, available, sum(amount) over (partition by account order by place) as up_to
    from asked join locked on id = account
    where not exists (select from holds where run_id = "runId")
  ), admitted as (
    select * from ranked where up_to <= available
  ), funded as (
    update accounts set held = held + total
    from (select account, sum(amount) as total from admitted group by account) as owed
    where id = account and total > 0
  )
  insert into holds (run_id, account, amount, caller, key_id, org_id, model, terms, counters, deadline)
  select "runId", account, amount, caller, "keyId", "orgId", model, terms, '[]',
    clock_timestamp() + "ttlMs" * interval '1 ms'
  from admitted
  returning run_id as "runId"`
