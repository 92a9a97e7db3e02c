import { z } from 'zod'
import { parseCreditText } from '../../accounts/credits.ts'
import { ROLES } from '../../accounts/identity.ts'
import { INVITATION_TTL_SEC } from '../../accounts/orgs/create-invitation.ts'
import { SLUG } from '../../accounts/orgs/slug.ts'
import { creditText, PAGE_FIELDS, plainText } from '../account-fields.ts'
import { integer } from '../integer.ts'

export const PageQuery = z.strictObject(PAGE_FIELDS)

const name = plainText(100)
export const NewOrg = z.strictObject({ slug: z.string().regex(SLUG), name })
export const OrgPatch = z.strictObject({ name })
export const CloseQuery = z.strictObject({ move_to: z.string().max(64).transform(toAccountId).optional() })

const role = z.enum(ROLES)
/** Of `"1.25"`; null lifts it. */
const ceiling = z
  .string()
  .transform((text, context): bigint => {
    const amount = parseCreditText(text)
    if (amount !== undefined) return amount
    context.addIssue({
      code: 'custom',
      message: 'Expected an amount of credits as text, with at most six decimals: "1.25".',
    })
    return z.NEVER
  })
  .nullable()
const ceilings = { credits_per_day: ceiling.optional(), credits_per_month: ceiling.optional() }
export const MemberPatch = z.strictObject({ role: role.optional(), ...ceilings })

const { min, max, default: week } = INVITATION_TTL_SEC
export const NewInvitation = z.strictObject({
  role: role.default('member'),
  wallet: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform(toAccountId)
    .nullish(),
  ...ceilings,
  expires_in: integer(min, max).default(week),
})
export const Acceptance = z.strictObject({ token: z.string().min(1).max(128) })

export const CreditMove = z.strictObject({
  amount: creditText,
  direction: z.enum(['in', 'out']),
  id: plainText(128).optional(),
})

/** Wallets are kept in lower case. */
export function toAccountId(text: string): string {
  return /^0x[0-9a-f]{40}$/i.test(text) ? text.toLowerCase() : text
}
