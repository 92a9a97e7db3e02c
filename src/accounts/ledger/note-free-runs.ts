import { sql } from 'kysely'
import type { RunDone } from '../ledger.ts'
import type { LedgerDb } from './ledger-db.ts'

/** A run that nothing was to be paid for. */
export type FreeRun = Omit<RunDone, 'isUncharged'> & {
  runId: string
  caller: string
  keyId: string | null
  model: string
}

export async function noteFreeRuns(db: LedgerDb, runs: readonly FreeRun[]): Promise<void> {
  const rows = runs.map(({ usage, tools, ...run }) => ({
    ...run,
    ...usage,
    cachedTokens: usage.cachedTokens ?? 0,
    tools: Object.entries(tools).map(([name, calls]) => ({ name, calls, amount: '0' })),
  }))
  await sql`
    insert into run_usage (
      run_id, caller, key_id, model, outcome, steps, prompt_tokens, cached_tokens, completion_tokens, tools,
      amount, written_off, is_estimated
    )
    select "runId", caller, "keyId", model, outcome, steps, "promptTokens", "cachedTokens", "completionTokens", tools,
      0, 0, "isEstimated"
    from json_to_recordset(${JSON.stringify(rows)}::json) as runs(
      "runId" text, caller text, "keyId" text, model text, outcome text, steps int, "promptTokens" bigint,
      "cachedTokens" bigint, "completionTokens" bigint, tools json, "isEstimated" boolean
    )
    on conflict (run_id) do nothing`.execute(db)
}
