import { type RawBuilder, sql } from 'kysely'
import type { EndState } from '../run-record.ts'

type Expression<Value> = Value | RawBuilder<Value>

/** What `update runs set` takes to end a run. `outcome` is JSON. */
export function endWith(state: Expression<EndState>, outcome: Expression<string>): RawBuilder<unknown> {
  return sql`
    state = ${state}, outcome = ${outcome}::json, ended_at = clock_timestamp(), last_seq = last_seq + 1,
    abandon_at = null, lease_until = null, webhook_at = case when webhook is not null then clock_timestamp() end`
}

/** Notes the end of the runs that a CTE named `ended` returns. */
export const NOTE_END: RawBuilder<unknown> = sql`
  insert into run_events (run_id, seq, note) select id, last_seq, json_build_object('type', state) from ended`
