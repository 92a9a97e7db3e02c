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

/**
 * @param paged - rows as they are stored, the latest first; undefined: there is no row `after`.
 * @throws {@link BadRequestError} where there is nothing to go on from.
 */
export function toWirePage<Stored, Row extends { id: string }>(
  paged: { rows: readonly Stored[]; hasMore: boolean } | undefined,
  { after }: { after?: string | undefined },
  toRow: (stored: Stored) => Row,
): WirePage<Row> {
  if (paged === undefined) {
    throw new BadRequestError(`There is no '${toShown(after)}' to go on from.`, {
      param: 'after',
      code: 'invalid_value',
    })
  }
  const data = paged.rows.map(toRow)
  const [first, last] = [data[0], data.at(-1)]
  return { object: 'list', data, first_id: first?.id ?? null, last_id: last?.id ?? null, has_more: paged.hasMore }
}
