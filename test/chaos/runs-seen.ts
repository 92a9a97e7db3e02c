import type { Json } from './caller.ts'
import { readTag } from './question.ts'
import type { Store } from './store.ts'

/** A run as the store has it, and all that ever became of it. */
export type RunSeen = {
  id: string
  tag: string
  state: string
  outcome: Json
  lastSeq: number
  events: readonly { seq: number; note: Json }[]
  /** Of its row. */
  changes: readonly AuditRow[]
  /** By whom it was taken. */
  claims: readonly AuditRow[]
  /** Model replies and tool results. */
  recorded: readonly AuditRow[]
  jobs: readonly AuditRow[]
}

/** @property atMs - by the clock of the machine. */
export type AuditRow = { thing: string; op: 'INSERT' | 'UPDATE' | 'DELETE'; atMs: number; row: Json }

export async function readRuns(store: Store): Promise<RunSeen[]> {
  const runs = await store.rows<{ id: string; order: string; state: string; outcome: Json; last_seq: number }>(
    `select id, "order"::text as "order", state, outcome, last_seq from runs order by created_at`,
  )
  const events = await store.rows<{ run_id: string; seq: number; note: Json }>(
    'select run_id, seq, note from run_events order by run_id, seq',
  )
  const audit = await store.rows<AuditRow & { run_id: string }>(
    'select thing, op, run_id, row, (extract(epoch from at) * 1000)::float8 as "atMs" from audit order by id',
  )
  return runs.map(({ id, order, state, outcome, last_seq: lastSeq }) => {
    const own = audit.filter(({ run_id }) => run_id === id)
    const changes = own.filter(({ thing }) => thing === 'runs')
    return {
      id,
      tag: readTag(order) ?? 'unknown',
      state,
      outcome,
      lastSeq,
      events: events.filter(({ run_id }) => run_id === id),
      changes,
      claims: changes.filter(
        ({ row }, index) => row.state === 'running' && row.fence !== (changes[index - 1]?.row.fence ?? 0),
      ),
      recorded: own.filter(({ thing }) => thing === 'run_steps' || thing === 'run_tools'),
      jobs: own.filter(({ thing }) => thing === 'run_jobs'),
    }
  })
}
