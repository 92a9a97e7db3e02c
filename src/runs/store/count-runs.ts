import { sql } from 'kysely'
import type { RunState } from '../run-record.ts'
import type { StoreDb } from './store-deps.ts'

export async function countRuns(db: StoreDb): Promise<Readonly<Record<RunState, number>>> {
  const { rows } = await sql<{ state: RunState; count: number }>`
    select state, count(*)::int as count from runs where ended_at is null group by state
    union all select state, count(*)::int from runs where ended_at is not null group by state`.execute(db)
  const counted = { queued: 0, running: 0, completed: 0, failed: 0, cancelled: 0, expired: 0 }
  return Object.assign(counted, Object.fromEntries(rows.map(({ state, count }) => [state, count])))
}
