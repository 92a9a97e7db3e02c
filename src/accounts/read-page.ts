import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../db/schema.ts'

/** `after` is the id of the last row of the page before. */
export type Page = { limit: number; after?: string | undefined }
export type Paged<Row> = { rows: readonly Row[]; hasMore: boolean }

/**
 * The latest first; undefined where there is no row `after`.
 * @param from.listed - a select whose columns `id` and `at` order the rows; `toRow` is not told of `at`.
 */
export async function readPage<Stored, Row>(
  db: Kysely<Tables>,
  { listed, toRow }: { listed: RawBuilder<Stored>; toRow: (stored: Stored) => Row },
  { limit, after }: Page,
): Promise<Paged<Row> | undefined> {
  if (after !== undefined && !/^\w{1,64}$/.test(after)) return undefined
  const last = sql`select at, id from listed where id = ${after}`
  const { rows } = await sql<Stored & { at: Date }>`
    with listed as not materialized (${listed})
    select * from listed where ${after === undefined ? sql`true` : sql`(at, id) < (${last})`}
    order by at desc, id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0) {
    const known = await sql`with listed as not materialized (${listed}) ${last}`.execute(db)
    if (known.rows.length === 0) return undefined
  }
  return {
    rows: rows.slice(0, limit).map(({ at, ...stored }) => toRow(stored as Stored)),
    hasMore: rows.length > limit,
  }
}
