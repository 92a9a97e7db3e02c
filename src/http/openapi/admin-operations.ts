import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { ADMIN_USAGE_GROUPS } from '../admin/usage.ts'
import {
  ACCOUNT,
  ADMIN_ORG,
  CORRECTION,
  GRANT,
  LEDGER_REPORT,
  NEW_GRANT,
  NEW_KEYS,
  USAGE_TOTALS,
  VOUCHER,
  VOUCHER_CODE,
} from './admin-examples.ts'
import {
  AdminAccount,
  AdminAccountList,
  AdminAccountRequest,
  AdminCorrection,
  AdminCorrectionRequest,
  AdminGrant,
  AdminGrantRequest,
  AdminKeyRequest,
  AdminOrg,
  AdminOrgList,
  AdminOrgRequest,
  AdminUsage,
  AdminVoucherRequest,
  AuditList,
  LedgerReport,
  Voucher,
  VoucherList,
  VoucherWithCode,
} from './admin-schemas.ts'
import { errorReplies } from './error-replies.ts'
import { KEY, KEY_LIST, MADE_KEY, REVOKED_KEY } from './key-examples.ts'
import { Key, KeyChangeRequest, KeyList, KeyRotationRequest, KeyWithSecret } from './key-schemas.ts'
import { json, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { ORG_AUDIT_ENTRY, ORG_MEMBER, pageOf } from './org-examples.ts'
import { OrgMemberList } from './org-schemas.ts'
import { pageParameters } from './page-parameters.ts'
import { pathParameter } from './path-parameter.ts'

export const adminAccountId = pathParameter('id', 'A wallet, `org_…` or `acct_…`.', ACCOUNT.id)
export const adminKeyId = pathParameter('id', 'Id of any API key.', KEY.id)
export const adminVoucherId = pathParameter('id', 'Id of a voucher.', VOUCHER.id)
export const adminOrgId = pathParameter('id', 'Id or slug of any org.', ADMIN_ORG.slug)

/** What all of them have: ADMIN_KEY as the bearer. */
const admin = (operation: ZodOpenApiOperationObject): ZodOpenApiOperationObject => ({
  tags: ['admin'],
  security: [{ admin: [] }],
  ...operation,
})
const takes = (schema: z.ZodType, examples: Readonly<Record<string, unknown>>) => ({
  required: true,
  content: json(schema, examples),
})
const text = (description: string) => z.string().optional().meta({ description })
const CHANGE_ERRORS = { ...STORE_ERRORS, ...errorReplies(409, 413, 415) }

export const listAccounts = admin({
  operationId: 'adminListAccounts',
  summary: 'All accounts, with their balances',
  description: 'The latest first.',
  requestParams: pageParameters('row', { kind: z.enum(['wallet', 'org', 'account']).optional() }),
  responses: {
    200: plainReply('A page of them.', json(AdminAccountList, { accounts: pageOf(ACCOUNT) })),
    ...STORE_ERRORS,
  },
})

export const createAccount = admin({
  operationId: 'adminCreateAccount',
  summary: 'Open an account for who has no wallet',
  requestBody: takes(AdminAccountRequest, { ann: { name: 'ann' } }),
  responses: { 200: plainReply('The account.', json(AdminAccount, { account: ACCOUNT })), ...CHANGE_ERRORS },
})

export const retrieveAccount = admin({
  operationId: 'adminRetrieveAccount',
  summary: 'An account, with its balance',
  responses: { 200: plainReply('The account.', json(AdminAccount, { account: ACCOUNT })), ...STORE_ERRORS },
})

export const grantCredits = admin({
  operationId: 'adminGrantCredits',
  summary: 'Give credits',
  description: 'Once for an `id`. A wallet that has not been here gets its account.',
  requestBody: takes(AdminGrantRequest, { grant: NEW_GRANT }),
  responses: {
    200: plainReply('They are there.', json(AdminGrant, { grant: GRANT })),
    ...CHANGE_ERRORS,
    ...errorReplies(422),
  },
})

export const correctCredits = admin({
  operationId: 'adminCorrectCredits',
  summary: 'Take credits back',
  description: 'At most those that are available: more is a 409 `insufficient_credits`.',
  requestBody: takes(AdminCorrectionRequest, { correction: { amount: '5', note: 'granted twice' } }),
  responses: {
    200: plainReply('They are gone.', json(AdminCorrection, { correction: CORRECTION })),
    ...CHANGE_ERRORS,
  },
})

export const listAllKeys = admin({
  operationId: 'adminListKeys',
  summary: 'All API keys',
  description: 'The latest first, also those that count no more.',
  requestParams: pageParameters('row', {
    account: text('Only those of this account.'),
    org: text('Only those bound to this org.'),
  }),
  responses: { 200: plainReply('A page of them.', json(KeyList, { keys: KEY_LIST })), ...STORE_ERRORS },
})

export const createKeyFor = admin({
  operationId: 'adminCreateKey',
  summary: 'Make an API key for somebody',
  description: 'For an account, a wallet or an org; without any it gets an account. The secret is told this once.',
  requestBody: takes(AdminKeyRequest, NEW_KEYS),
  responses: {
    200: plainReply('The key, with its secret.', json(KeyWithSecret, { key: MADE_KEY })),
    ...CHANGE_ERRORS,
  },
})

export const retrieveAnyKey = admin({
  operationId: 'adminRetrieveKey',
  summary: 'Any API key, without its secret',
  responses: { 200: plainReply('The key.', json(Key, { key: KEY })), ...STORE_ERRORS },
})

export const updateAnyKey = admin({
  operationId: 'adminUpdateKey',
  summary: 'Change what any key may do',
  requestBody: takes(KeyChangeRequest, { budget: { scopes: { credits_per_day: '2', ips: null } } }),
  responses: { 200: plainReply('The key.', json(Key, { key: KEY })), ...CHANGE_ERRORS },
})

export const rotateAnyKey = admin({
  operationId: 'adminRotateKey',
  summary: 'Put a new key in the place of any',
  requestBody: { content: json(KeyRotationRequest, { overlap: { grace_seconds: 3_600 } }) },
  responses: {
    200: plainReply('The new key, with its secret.', json(KeyWithSecret, { key: MADE_KEY })),
    ...CHANGE_ERRORS,
  },
})

export const revokeAnyKey = admin({
  operationId: 'adminRevokeKey',
  summary: 'Revoke any key',
  responses: { 200: plainReply('The key as it ended.', json(Key, { revoked: REVOKED_KEY })), ...STORE_ERRORS },
})

export const listVouchers = admin({
  operationId: 'adminListVouchers',
  summary: 'All vouchers, without their codes',
  requestParams: pageParameters('row'),
  responses: { 200: plainReply('A page of them.', json(VoucherList, { vouchers: pageOf(VOUCHER) })), ...STORE_ERRORS },
})

export const createVoucher = admin({
  operationId: 'adminCreateVoucher',
  summary: 'Make a voucher',
  description: 'Whoever has its code turns it into credits. The code is told this once.',
  requestBody: takes(AdminVoucherRequest, {
    workshop: { amount: '2', max_uses: 30, expires_in: 2_592_000, note: 'workshop' },
  }),
  responses: {
    200: plainReply(
      'The voucher, with its code.',
      json(VoucherWithCode, { voucher: { ...VOUCHER, uses: 0, code: VOUCHER_CODE } }),
    ),
    ...CHANGE_ERRORS,
  },
})

export const revokeVoucher = admin({
  operationId: 'adminRevokeVoucher',
  summary: 'Revoke a voucher',
  description: 'What was taken stays.',
  responses: {
    200: plainReply(
      'The voucher as it ended.',
      json(Voucher, { revoked: { ...VOUCHER, revoked_at: VOUCHER.created_at + 600 } }),
    ),
    ...STORE_ERRORS,
  },
})

export const listAllOrgs = admin({
  operationId: 'adminListOrgs',
  summary: 'All orgs, with their balances',
  requestParams: pageParameters('row'),
  responses: { 200: plainReply('A page of them.', json(AdminOrgList, { orgs: pageOf(ADMIN_ORG) })), ...STORE_ERRORS },
})

export const createOrgFor = admin({
  operationId: 'adminCreateOrg',
  summary: 'Found an org for an owner',
  requestBody: takes(AdminOrgRequest, {
    org: { slug: ADMIN_ORG.slug, name: ADMIN_ORG.name, owner: KEY.account },
  }),
  responses: { 200: plainReply('The org.', json(AdminOrg, { org: ADMIN_ORG })), ...CHANGE_ERRORS },
})

export const listAnyOrgMembers = admin({
  operationId: 'adminListOrgMembers',
  summary: 'The members of any org',
  requestParams: pageParameters('row'),
  responses: {
    200: plainReply('A page of them.', json(OrgMemberList, { members: pageOf(ORG_MEMBER) })),
    ...STORE_ERRORS,
  },
})

export const listAudit = admin({
  operationId: 'adminListAudit',
  summary: 'Who changed what',
  description: 'Every change of keys, roles, prices and balances, newest first.',
  requestParams: pageParameters('row', {
    actor: text('By whom: an account, `key_…`, `admin`, `gateway`.'),
    action: text('What: `key.created`, or `key` for all that is done to keys.'),
    subject: text('To what: `key_…`, `org_…`, an account, `model:operator`.'),
    org: text('In which org: its id or slug.'),
  }),
  responses: {
    200: plainReply('A page of it.', json(AuditList, { entries: pageOf(ORG_AUDIT_ENTRY) })),
    ...STORE_ERRORS,
  },
})

export const showUsageTotals = admin({
  operationId: 'adminShowUsage',
  summary: 'What all runs did, and what was charged',
  requestParams: {
    query: z.object({
      by: z.enum(ADMIN_USAGE_GROUPS).default('model').optional(),
      from: z.iso.date().optional().meta({ description: 'The first day, in UTC; default: 29 days before the last.' }),
      to: z.iso.date().optional().meta({ description: 'The last day; default: today.' }),
    }),
  },
  responses: { 200: plainReply('The sums.', json(AdminUsage, { month: USAGE_TOTALS })), ...STORE_ERRORS },
})

export const verifyLedger = admin({
  operationId: 'adminVerifyLedger',
  summary: 'Check the ledger',
  description: 'Looks for what must not be, in one snapshot. `ok` tells whether all is well.',
  responses: { 200: plainReply('What was found.', json(LedgerReport, { fine: LEDGER_REPORT })), ...STORE_ERRORS },
})
