import type { Expiry } from '../accounts/expiry.ts'
import { BadRequestError } from '../errors.ts'
import { integer } from './integer.ts'

const CENTURY_SEC = 3_155_760_000
const LAST_SEC = 253_402_300_799 // of the year 9999

/** Of what ends by itself: at a Unix time, or so many seconds from now. */
export const EXPIRY_FIELDS = {
  expires_at: integer(0, LAST_SEC).nullable().optional(),
  expires_in: integer(1, CENTURY_SEC).optional(),
}

/** Undefined where neither is named. @throws {@link BadRequestError} where both are. */
export function toExpiry({
  expires_at: atSec,
  expires_in: inSec,
}: {
  expires_at?: number | null | undefined
  expires_in?: number | undefined
}): Expiry | undefined {
  if (atSec !== undefined && inSec !== undefined) {
    throw new BadRequestError("Name 'expires_at' or 'expires_in', not both.", {
      param: 'expires_in',
      code: 'invalid_value',
    })
  }
  if (inSec !== undefined) return { inSec }
  return typeof atSec === 'number' ? { atSec } : atSec
}
