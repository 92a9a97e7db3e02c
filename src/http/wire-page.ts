import { BadRequestError } from '../errors.ts'
import { toShown } from './parse-request.ts'

/** A list as all routes have it. */
export type WirePage<Row> = {
  object: 'list'
  data: readonly Row[]
  first_id: string | null
  last_id: string | null
  has_more: boolean
}

/** @param paged - rows as they are stored, the latest first. */
export function toWirePage<Stored, Row extends { id: string }>(
  { rows, hasMore }: { rows: readonly Stored[]; hasMore: boolean },
  toRow: (stored: Stored) => Row,
): WirePage<Row> {
  const data = rows.map(toRow)
  return { object: 'list', data, first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null, has_more: hasMore }
}

/** @throws {@link BadRequestError} where there is nothing to go on from. */
export function expectPage<Page>(page: Page | undefined, after: string | undefined): Page {
  if (page !== undefined) return page
  throw new BadRequestError(`There is no '${toShown(after)}' to go on from.`, { param: 'after', code: 'invalid_value' })
}
