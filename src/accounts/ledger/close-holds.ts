import { CompiledQuery } from 'kysely'
import type { RunDone, Settlement } from '../ledger.ts'
import { price, toolPrice } from '../price.ts'
import type { FoundHold } from './find-hold.ts'
import { HOUSE } from './house.ts'
import type { LedgerDb } from './ledger-db.ts'

export type Closing = { hold: FoundHold; done: RunDone }

/** What a run owes, and what is taken of it. */
export function toBill({ hold, done }: Closing): { cost: bigint; charge: bigint } {
  const cost = price(done, hold.terms)
  return { cost, charge: done.isUncharged === true ? 0n : cost }
}

/**
 * Closes holds, charges, posts the transfers and notes the usage, in one statement. None of them has counters, or costs more than
 * it holds.
 * @returns undefined for those that were closed before, or are not there.
 */
export async function closeHolds(db: LedgerDb, closings: readonly Closing[]): Promise<(Settlement | undefined)[]> {
  const bills = closings.map(toBill)
  const rows = closings.map(({ hold, done }, place) => toRow(hold, done, { ...bills[place], place }))
  const closed = await db.executeQuery<ClosedRow>(CompiledQuery.raw(CLOSE, [JSON.stringify(rows)]))
  // Of twins in one batch, one has closed the hold.
  const byPlace = new Map(closed.rows.map((row) => [row.place, row]))
  return closings.map((_, place) => {
    const row = byPlace.get(place)
    const { cost = 0n } = bills[place] ?? {}
    return row && { account: row.account, cost, charged: BigInt(row.settled), balance: BigInt(row.balance) }
  })
}

type ClosedRow = { place: number; account: string; settled: string; balance: string }

function toRow(
  { runId, terms }: FoundHold,
  { usage, tools, steps, outcome, isEstimated, isUncharged = false }: RunDone,
  { cost = 0n, charge = 0n, place }: { cost?: bigint; charge?: bigint; place: number },
) {
  return {
    ...{ place, runId, cost: String(cost), charge: String(charge), state: isUncharged ? 'released' : 'settled' },
    ...{ outcome, steps, isEstimated },
    promptTokens: usage.promptTokens,
    cachedTokens: usage.cachedTokens ?? 0,
    completionTokens: usage.completionTokens,
    tools: Object.entries(tools).map(([name, calls]) => ({
      ...{ name, calls },
      amount: String(toolPrice(name, terms.toolPrices) * BigInt(calls)),
    })),
  }
}

/**
 * Locks holds, then accounts, each in the order in which everybody does. The entries of one account are a microsecond apart, in
 * the order of their balances.
 */
const CLOSE = `
  with done as (
    select * from json_to_recordset($1::json) as done(
      place int, "runId" text, cost bigint, charge bigint, state text, outcome text, steps int, "isEstimated" boolean,
      "promptTokens" bigint, "cachedTokens" bigint, "completionTokens" bigint, tools json
    )
  ), open as (
    select run_id, account from holds where run_id in (select "runId" from done) and state = 'open'
    order by run_id for update
  ), locked as (
    select id from accounts where id in (select account from open) order by id for update
  ), closed as (
    update holds set state = done.state, settled = least(charge, amount), closed_at = clock_timestamp()
    from done, open, locked
    where holds.run_id = "runId" and open.run_id = "runId" and locked.id = open.account and holds.state = 'open'
    returning holds.*, done.place, done.cost, done.outcome, done.steps, done."isEstimated", done."promptTokens",
      done."cachedTokens", done."completionTokens", done.tools
  ), freed as (
    update accounts set held = held - freeing, balance = balance - charging
    from (select account, sum(amount) as freeing, sum(settled) as charging from closed group by account) as sums
    where id = account
    returning id, balance
  ), moment as materialized (
    select clock_timestamp() as at from freed limit 1
  ), posted as (
    insert into ledger_transfers (kind, ref, debit, credit, amount, debit_balance, at)
    select 'charge', run_id, account, '${HOUSE.charge}', settled,
      freed.balance + coalesce(sum(settled) over (
        partition by account order by place rows between 1 following and unbounded following
      ), 0),
      moment.at + row_number() over (order by place) * interval '1 microsecond'
    from closed join freed on freed.id = account, moment
    where settled > 0
  ), used as (
    insert into run_usage (
      run_id, account, caller, key_id, org_id, model, outcome, steps, prompt_tokens, cached_tokens, completion_tokens, tools,
      amount, written_off, is_estimated
    )
    select run_id, account, caller, key_id, org_id, model, outcome, steps, "promptTokens", "cachedTokens", "completionTokens",
      tools, settled, cost - settled, "isEstimated"
    from closed
  )
  select place, account, settled::text, freed.balance::text from closed join freed on freed.id = account`
