import { z } from 'zod'
import { parseCreditText } from '../accounts/credits.ts'
import { queryInteger } from './integer.ts'

/** Text that is kept and shown again: Postgres takes no NUL, and a terminal is not to be steered by it. */
export const plainText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), { error: 'Control characters are not allowed here.' })

/** Micro-credits of `"1.25"`. */
export const creditText = z.string().transform((text, context): bigint => {
  const amount = parseCreditText(text)
  if (amount !== undefined && amount > 0n && amount <= MOST) return amount
  context.addIssue({
    code: 'custom',
    message: 'Expected an amount of credits as text, above 0, with at most six decimals: "1.25".',
  })
  return z.NEVER
})

/** A thousand million credits: sums of them stay far from what a bigint holds. */
const MOST = 1_000_000_000_000_000n

/** Of every list. */
export const PAGE_FIELDS = { limit: queryInteger(1, 100).default(20), after: plainText(256).optional() }
