import type { Request } from 'express'

/**
 * Where the caller's trace goes on, by the header `traceparent` of https://www.w3.org/TR/trace-context: undefined where there is
 * none, or it is not written as it should be, which that document says to ignore.
 */
export function readTraceparent(req: Request): string | undefined {
  const value = req.get('traceparent')?.trim()
  const [, version, rest] = TRACEPARENT.exec(value ?? '') ?? []
  if (version === undefined || version === 'ff' || (version === '00' && rest !== '')) return undefined
  return value?.slice(0, LENGTH)
}

/** Later versions may add fields. All zeros are no ids. */
const TRACEPARENT = /^([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(|-.*)$/
const LENGTH = 55
