import { sql } from 'kysely'
import type { RunRecord } from '../run-record.ts'
import type { RunPage } from '../run-store.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'

/** A page of runs with long conversations ends early, and has more: a hundred of the largest would not fit in memory. */
const PAGE_BYTES = 16 * 1024 * 1024

export async function listRuns(
  db: StoreDb,
  caller: string,
  { limit, after, states }: RunPage,
): Promise<{ runs: readonly RunRecord[]; hasMore: boolean } | undefined> {
  if (after !== undefined && !isRunId(after)) return undefined
  const last = sql`select created_at, id from runs where id = ${after} and caller = ${caller}`
  const { rows } = await sql<RunRow & { found: number }>`
    with page as (
      select * from runs
      where caller = ${caller}
        and ${after === undefined ? sql`true` : sql`(created_at, id) < (${last})`}
        and ${states === undefined ? sql`true` : sql`state = any(${states})`}
      order by created_at desc, id desc limit ${limit + 1}
    ), summed as (
      select *, count(*) over () as found, sum(bytes) over (order by created_at desc, id desc) - bytes as before from page
    )
    select ${RUN_COLUMNS}, found::int from summed where before < ${PAGE_BYTES}
    order by created_at desc, id desc limit ${limit}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  return { runs: rows.map(toRunRecord), hasMore: (rows[0]?.found ?? 0) > rows.length }
}
