import { z } from 'zod'

/** Zod speaks of a number where an integer is wanted; complaints tell the two apart by this message. */
export const INTEGER = 'an integer'

/** An integer within these bounds. */
export function integer(min: number = Number.MIN_SAFE_INTEGER, max: number = Number.MAX_SAFE_INTEGER) {
  return z.int(INTEGER).min(min, INTEGER).max(max, INTEGER)
}

/** The same, in a query string. */
export function queryInteger(min: number, max?: number) {
  return z.coerce.number(INTEGER).pipe(integer(min, max))
}
