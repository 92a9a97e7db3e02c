import { type Kysely, type RawBuilder, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

/** `after` is the id of the last row of the page before. */
export type Page = { limit: number; after?: string | undefined }
export type Paged<Row> = { rows: readonly Row[]; hasMore: boolean }

/**
 * The latest first; undefined where there is no row `after`.
 * @param listed - a select whose columns `id` and `at` order the rows.
 */
export async function readPage<Row>(
  db: Kysely<Tables>,
  listed: RawBuilder<Row>,
  { limit, after }: Page,
): Promise<Paged<Row> | undefined> {
  if (after !== undefined && !/^\w{1,64}$/.test(after)) return undefined
  const last = sql`select at, id from listed where id = ${after}`
  const { rows } = await sql<Row>`
    with listed as not materialized (${listed})
    select * from listed where ${after === undefined ? sql`true` : sql`(at, id) < (${last})`}
    order by at desc, id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0) {
    const known = await sql`with listed as not materialized (${listed}) ${last}`.execute(db)
    if (known.rows.length === 0) return undefined
  }
  return { rows: rows.slice(0, limit), hasMore: rows.length > limit }
}

/** Milliseconds since the epoch. */
export function toMs(column: string): RawBuilder<number> {
  return sql`floor(extract(epoch from ${sql.ref(column)}) * 1000)::float8`
}
