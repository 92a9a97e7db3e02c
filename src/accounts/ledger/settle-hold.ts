import { type RawBuilder, sql } from 'kysely'
import type { RunDone, Settlement } from '../ledger.ts'
import { price, type Terms, toolPrice } from '../price.ts'
import { countDown } from './counters.ts'
import { type FoundHold, findHold } from './find-hold.ts'
import { atomically, HOUSE, type LedgerDb } from './ledger-db.ts'

/**
 * Charges what the run has done and frees the rest, in one statement where nothing else counts it.
 * @param hold - as it was last known: spares the question. @returns undefined where it was closed before, or there is none.
 */
export async function settleHold(db: LedgerDb, hold: FoundHold, done: RunDone): Promise<Settlement | undefined> {
  const cost = price(done, hold.terms)
  const charge = done.isUncharged === true ? 0n : cost
  if (charge <= hold.amount && hold.counters.length === 0) {
    try {
      return await close(db, hold, done, { cost, charge })
    } catch (error) {
      if (db.isTransaction || !isOutrun(error)) throw error
    }
  }
  return atomically(db, async (tx) => {
    const open = await findHold(tx, hold.runId, { lock: 'wait' })
    if (open === undefined) return undefined
    const held = open.amount < charge ? await raiseAsFarAsItGoes(tx, open, charge) : open.amount
    const settlement = await close(tx, open, done, { cost, charge })
    if (settlement !== undefined) await countDown(tx, open.counters, { held: open.amount, spent: min(charge, held) })
    return settlement
  })
}

/**
 * It has waited for an extension of the hold: Postgres tries the constraint on the account as it was before that, and only then
 * sees that it has changed. A statement that begins with the hold locked sees it as it is.
 */
function isOutrun(error: unknown): boolean {
  return (error as { constraint?: unknown }).constraint === 'held_not_negative'
}

/** What was generated has a price, and the account may have some of it. Ceilings are passed rather than the house's money given. */
async function raiseAsFarAsItGoes(
  tx: LedgerDb,
  { runId, account, amount }: FoundHold,
  charge: bigint,
): Promise<bigint> {
  const { rows } = await sql<{ available: string }>`
    select (balance - held)::text as available from accounts where id = ${account} for update`.execute(tx)
  const more = min(charge - amount, BigInt(rows[0]?.available ?? 0))
  if (more === 0n) return amount
  await sql`update accounts set held = held + ${more}::bigint where id = ${account}`.execute(tx)
  await sql`update holds set amount = amount + ${more}::bigint where run_id = ${runId}`.execute(tx)
  return amount + more
}

type Bill = { cost: bigint; charge: bigint }
type ClosedRow = { account: string; settled: string; balance: string }

async function close(
  db: LedgerDb,
  { runId, terms }: FoundHold,
  done: RunDone,
  { cost, charge }: Bill,
): Promise<Settlement | undefined> {
  const { rows } = await sql<ClosedRow>`
    with closed as (
      update holds set state = ${done.isUncharged === true ? 'released' : 'settled'},
        settled = least(${charge}::bigint, amount), closed_at = clock_timestamp()
      where run_id = ${runId} and state = 'open' returning *
    ), freed as (
      update accounts set held = held - closed.amount, balance = balance - closed.settled
      from closed where accounts.id = closed.account and closed.amount > 0
      returning balance
    ), posted as (
      insert into ledger_transfers (kind, ref, debit, credit, amount, debit_balance)
      select 'charge', run_id, account, ${HOUSE.charge}, settled, freed.balance from closed, freed where settled > 0
    ), used as (${insertUsage(done, terms, {
      from: sql`closed`,
      amount: sql`settled`,
      writtenOff: sql`${cost}::bigint - settled`,
    })})
    select account, settled::text, coalesce(
      (select balance from freed), (select balance from accounts where id = account)
    )::text as balance from closed`.execute(db)
  const [row] = rows
  if (row === undefined) return undefined
  return { account: row.account, cost, charged: BigInt(row.settled), balance: BigInt(row.balance) }
}

/** The row of a run that has ended. `from` has its id, account, caller, key, org and model. */
export function insertUsage(
  { usage, tools, steps, outcome, isEstimated }: RunDone,
  { toolPrices }: Pick<Terms, 'toolPrices'>,
  { from, amount, writtenOff }: Record<'from' | 'amount' | 'writtenOff', RawBuilder<unknown>>,
): RawBuilder<unknown> {
  const toolRows = Object.entries(tools).map(([name, calls]) => ({
    name,
    calls,
    amount: String(toolPrice(name, toolPrices) * BigInt(calls)),
  }))
  return sql`
    insert into run_usage (
      run_id, account, caller, key_id, org_id, model, outcome, steps, prompt_tokens, cached_tokens, completion_tokens, tools,
      amount, written_off, is_estimated
    )
    select run_id, account, caller, key_id, org_id, model, ${outcome}, ${steps}::int, ${usage.promptTokens}::bigint,
      ${usage.cachedTokens ?? 0}::bigint, ${usage.completionTokens}::bigint, ${JSON.stringify(toolRows)}::json,
      ${amount}, ${writtenOff}, ${isEstimated}::boolean
    from ${from}`
}

const min = (a: bigint, b: bigint) => (a < b ? a : b)
