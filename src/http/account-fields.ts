import { z } from 'zod'
import { MOST_MICRO, parseCreditText, toCreditText } from '../accounts/credits.ts'
import { queryInteger } from './integer.ts'

/** Text that is kept and shown again: Postgres takes no NUL, and a terminal is not to be steered by it. */
export const plainText = (max: number) =>
  z
    .string()
    .trim()
    .min(1)
    .max(max)
    .refine((text) => !/\p{Cc}/u.test(text), { error: 'Control characters are not allowed here.' })

/** Micro-credits of `"1.25"`, from `least` to `most`. */
export const creditTextFrom = (least: bigint, most = MOST_MICRO) =>
  z.string().transform((text, context): bigint => {
    const amount = parseCreditText(text)
    if (amount !== undefined && amount >= least && amount <= most) return amount
    context.addIssue({
      code: 'custom',
      message: `Expected credits as text, ${toCreditText(least)} to ${toCreditText(most)}, with at most six decimals: "1.25".`,
    })
    return z.NEVER
  })

/** Any that is more than nothing. */
export const creditText = creditTextFrom(1n)

/** Of every list. */
export const PAGE_FIELDS = { limit: queryInteger(1, 100).default(20), after: plainText(256).optional() }
