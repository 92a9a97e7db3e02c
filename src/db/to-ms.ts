import { type RawBuilder, sql } from 'kysely'

/** Unix milliseconds of a column, null where that is. */
export function toMs(column: string): RawBuilder<number> {
  return sql`floor(extract(epoch from ${sql.ref(column)}) * 1000)::float8`
}
