import { z } from 'zod'
import { ROLES } from '../../accounts/identity.ts'
import { INVITATION_TTL_SEC } from '../../accounts/orgs/create-invitation.ts'
import { SLUG } from '../../accounts/orgs/slug.ts'
import { toWallet } from '../../accounts/to-wallet.ts'
import { creditText, creditTextFrom, PAGE_FIELDS, plainText } from '../account-fields.ts'
import { integer } from '../integer.ts'

export const PageQuery = z.strictObject(PAGE_FIELDS)

const name = plainText(100)
export const NewOrg = z.strictObject({ slug: z.string().regex(SLUG), name })
export const OrgPatch = z.strictObject({ name })
export const CloseQuery = z.strictObject({ move_to: z.string().max(64).transform(toAccountId).optional() })

const role = z.enum(ROLES)
/** Null lifts it. */
const ceiling = creditTextFrom(0n).nullable()
const ceilings = { credits_per_day: ceiling.optional(), credits_per_month: ceiling.optional() }
export const MemberPatch = z.strictObject({ role: role.optional(), ...ceilings })

const { min, max, default: week } = INVITATION_TTL_SEC
export const NewInvitation = z.strictObject({
  role: role.default('member'),
  wallet: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .refine((text) => toWallet(text) !== undefined, { error: "Invalid 'wallet': its EIP-55 checksum is wrong." })
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
  return toWallet(text) ?? text
}
