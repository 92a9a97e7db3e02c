import { sql } from 'kysely'
import type { RunDone } from '../ledger.ts'
import type { LedgerDb } from './ledger-db.ts'

/** Notes a run that is kept in the store and was not held for. Once: the second time changes nothing. */
export async function noteUsage(tx: LedgerDb, runId: string, done: RunDone): Promise<void> {
  const { usage, outcome, steps, isEstimated } = done
  const tools = Object.entries(done.tools).map(([name, calls]) => ({ name, calls, amount: '0' }))
  await sql`
    insert into run_usage (
      run_id, caller, model, outcome, steps, prompt_tokens, cached_tokens, completion_tokens, tools, amount, written_off,
      is_estimated
    )
    select id, caller, model, ${outcome}, ${steps}::int, ${usage.promptTokens}::bigint, ${usage.cachedTokens ?? 0}::bigint,
      ${usage.completionTokens}::bigint, ${JSON.stringify(tools)}::json, 0, 0, ${isEstimated}::boolean
    from runs where id = ${runId} and not exists (select from holds where run_id = ${runId})
    on conflict (run_id) do nothing`.execute(tx)
}
