import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { ACCOUNT, CLAIMED_ACCOUNT, ENTRY_LIST, HOLD_LIST } from './account-examples.ts'
import { Account, EntryList, HoldList } from './account-schemas.ts'
import { json, PROVEN, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { pageParameters } from './page-parameters.ts'

const pageOf = (what: string, ofOrg: string) =>
  pageParameters(what, { org: z.string().optional().meta({ description: ofOrg }) })

export const retrieveAccount: ZodOpenApiOperationObject = {
  operationId: 'retrieveAccount',
  tags: ['account'],
  summary: 'What you have',
  description:
    'Your balance, and that of the org that the request is charged to; the budgets of its key, and how to top up. In free mode a claim has none of it.',
  responses: {
    200: plainReply('Your account.', json(Account, { paid: ACCOUNT, claim: CLAIMED_ACCOUNT })),
    ...STORE_ERRORS,
  },
}

export const listAccountEntries: ZodOpenApiOperationObject = {
  operationId: 'listAccountEntries',
  tags: ['account'],
  security: PROVEN,
  summary: 'Your bill',
  description: 'All that came into your account and went out of it, the latest first.',
  requestParams: pageOf('entry', 'Id or slug: the bill of that org, for its owners and admins.'),
  responses: { 200: plainReply('A page of it.', json(EntryList, { entries: ENTRY_LIST })), ...STORE_ERRORS },
}

export const listAccountHolds: ZodOpenApiOperationObject = {
  operationId: 'listAccountHolds',
  tags: ['account'],
  security: PROVEN,
  summary: 'What is held for your runs',
  description:
    'Of runs that have not ended, the latest first. At their end what they cost is charged, and the rest is free again.',
  requestParams: pageOf('hold', 'Id or slug: the holds of that org, of which its members see those of their own runs.'),
  responses: { 200: plainReply('A page of them.', json(HoldList, { holds: HOLD_LIST })), ...STORE_ERRORS },
}
