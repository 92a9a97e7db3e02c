import { z } from 'zod'
import { idPattern } from '../../accounts/account-id.ts'
import { NewAccount, NewCorrection, NewGrant } from '../admin/accounts.ts'
import { NewAdminKey } from '../admin/keys.ts'
import { NewAdminOrg } from '../admin/orgs.ts'
import { ADMIN_USAGE_GROUPS } from '../admin/usage.ts'
import { NewAdminVoucher } from '../admin/vouchers.ts'
import { withNotes } from './field-notes.ts'
import { KeyRequest } from './key-schemas.ts'
import { listOf } from './list-of.ts'
import { count, credits, unixSeconds } from './numbers.ts'
import { Org, OrgAuditList } from './org-schemas.ts'

export const AdminAccount = z
  .object({
    id: z.string().meta({ description: 'A wallet in lower case, `org_…`, or `acct_…`.' }),
    object: z.literal('account'),
    kind: z.enum(['wallet', 'org', 'account']),
    name: z.string().nullable(),
    balance: credits,
    held: credits.meta({ description: 'For runs that have not ended.' }),
    available: credits.meta({ description: '`balance` less `held`.' }),
    created_at: unixSeconds,
  })
  .meta({ id: 'AdminAccount' })
export const AdminAccountList = listOf(AdminAccount).meta({ id: 'AdminAccountList' })
export const AdminAccountRequest = NewAccount.meta({ id: 'AdminAccountRequest' })

const granted = {
  id: z.string(),
  account: z.string(),
  amount: credits,
  balance: credits.meta({ description: 'Of the account, after it.' }),
  repeated: z.boolean().meta({ description: 'It was there before, and nothing was given.' }),
}
export const AdminGrant = z.object({ object: z.literal('grant'), ...granted }).meta({ id: 'AdminGrant' })
export const AdminCorrection = z.object({ object: z.literal('correction'), ...granted }).meta({ id: 'AdminCorrection' })
export const AdminGrantRequest = withNotes(NewGrant, {
  amount: 'Credits, as a decimal text.',
  id: 'Of your own making: the same grant, sent twice, is one. With another amount or account: 422.',
  note: 'Kept in the ledger.',
}).meta({ id: 'AdminGrantRequest' })
export const AdminCorrectionRequest = withNotes(NewCorrection, {
  amount: 'Credits, as a decimal text: at most those that are available.',
  note: 'Why; kept in the ledger.',
}).meta({ id: 'AdminCorrectionRequest' })

export const AdminKeyRequest = withNotes(NewAdminKey.extend({ scopes: KeyRequest.shape.scopes }), {
  account: 'Whose it is: a wallet or `acct_…`. Without it and without an org, the key gets an account of its own.',
  org: 'Id or slug of the org that is charged. Without an account the key is the org’s own.',
  org_mode: '`fallback`: the account pays where the org cannot.',
  grant: 'Credits for its account, as a decimal text.',
}).meta({ id: 'AdminKeyRequest' })

const voucher = z.object({
  id: z.string().regex(idPattern('vch')),
  object: z.literal('voucher'),
  hint: z.string().meta({ description: 'The beginning of its code.' }),
  amount: credits.meta({ description: 'Credits for each account that takes it.' }),
  max_uses: count,
  uses: count,
  note: z.string().nullable(),
  created_by: z.string(),
  created_at: unixSeconds,
  expires_at: unixSeconds.nullable(),
  revoked_at: unixSeconds.nullable(),
})
export const Voucher = voucher.meta({ id: 'Voucher' })
export const VoucherList = listOf(Voucher).meta({ id: 'VoucherList' })
export const VoucherWithCode = voucher
  .extend({ code: z.string().meta({ description: 'Told this once.' }) })
  .meta({ id: 'VoucherWithCode' })
export const AdminVoucherRequest = withNotes(NewAdminVoucher, {
  amount: 'Credits for each account that takes it, as a decimal text.',
  max_uses: 'Accounts that may take it, each once.',
  expires_at: 'Unix time in seconds.',
  expires_in: 'Seconds from now.',
}).meta({ id: 'AdminVoucherRequest' })

export const AdminOrg = Org.omit({ role: true, credits_per_day: true, credits_per_month: true }).meta({
  id: 'AdminOrg',
})
export const AdminOrgList = listOf(AdminOrg).meta({ id: 'AdminOrgList' })
export const AdminOrgRequest = withNotes(NewAdminOrg, { owner: 'Its first owner: a wallet or `acct_…`.' }).meta({
  id: 'AdminOrgRequest',
})

export const AuditList = listOf(
  OrgAuditList.shape.data.element.extend({
    ip: z.string().nullable(),
    org_id: z.string().nullable().meta({ description: 'Where it was done in an org.' }),
    action: z.string().meta({ description: '`key.created`, `credits.granted`, `price.changed`, …' }),
  }),
).meta({ id: 'AuditList' })

const sums = {
  runs: count,
  prompt_tokens: count,
  cached_tokens: count.meta({ description: 'Of these.' }),
  completion_tokens: count,
  tool_calls: count,
  charged: credits,
  written_off: credits.meta({ description: 'Cost, and not charged.' }),
  estimated_runs: count.meta({ description: 'Of which some tokens are an estimate.' }),
}
export const AdminUsage = z
  .object({
    object: z.literal('usage'),
    by: z.enum(ADMIN_USAGE_GROUPS),
    from: z.iso.date(),
    to: z.iso.date().meta({ description: 'The last day, in UTC.' }),
    total: z.object(sums),
    data: z
      .array(z.object({ group: z.string().nullable(), ...sums }))
      .meta({ description: 'The dearest first, days in their order; at most 1000.' }),
  })
  .meta({ id: 'AdminUsage' })

export const LedgerReport = z
  .object({
    object: z.literal('ledger.report'),
    ok: z.boolean(),
    invariants: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        checked: count.meta({ description: 'Rows or settings that were looked at.' }),
        found: count.meta({ description: 'How many of them are wrong.' }),
        violations: z.array(z.string()).meta({ description: 'What is wrong with the first of them.' }),
        note: z.string().optional(),
      }),
    ),
  })
  .meta({ id: 'LedgerReport' })
