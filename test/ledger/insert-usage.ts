import { type RawBuilder, sql } from 'kysely'
import type { RunDone } from '../../src/accounts/ledger.ts'
import { type Terms, toolPrice } from '../../src/accounts/price.ts'

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
