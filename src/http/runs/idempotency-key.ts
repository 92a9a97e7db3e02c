import type { Request } from 'express'
import { BadRequestError } from '../../errors.ts'

/**
 * The header `Idempotency-Key`, bare or as the string that the IETF's draft makes of it, in double quotes.
 * @throws {@link BadRequestError} unless it is 1 to 255 visible characters of ASCII.
 */
export function readIdempotencyKey(req: Pick<Request, 'get'>): string | undefined {
  const text = req.get(HEADER)
  if (text === undefined) return undefined
  const quoted = QUOTED.exec(text)?.[1]
  const key = quoted === undefined ? text : quoted.replace(/\\(.)/g, '$1')
  if (KEY.test(key)) return key
  throw new BadRequestError(`Invalid header '${HEADER}': expected 1 to 255 visible characters of ASCII.`, {
    param: HEADER,
    code: 'invalid_value',
  })
}

/** Whether an official SDK sends this request again by itself. */
export function isSdkRetry(req: Pick<Request, 'get'>): boolean {
  return Number(req.get('x-stainless-retry-count') ?? 0) > 0
}

const HEADER = 'Idempotency-Key'
/** RFC 8941 §3.3.3: a backslash stands before a quote or another backslash, and nowhere else. */
const QUOTED = /^"((?:[^"\\]|\\["\\])*)"$/
const KEY = /^[\x21-\x7e]{1,255}$/
