import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { json, PROVEN, plainReply, STORE_ERRORS } from './operation-parts.ts'
import {
  INVITATION_TOKEN,
  ORG,
  ORG_AUDIT_ENTRY,
  ORG_CREDITS,
  ORG_INVITATION,
  ORG_MEMBER,
  pageOf,
} from './org-examples.ts'
import {
  DeletedOrg,
  DeletedOrgMember,
  NewOrgInvitation,
  Org,
  OrgAcceptanceRequest,
  OrgAuditList,
  OrgCredits,
  OrgCreditsRequest,
  OrgInvitation,
  OrgInvitationList,
  OrgInvitationRequest,
  OrgList,
  OrgMember,
  OrgMemberList,
  OrgMemberPatchRequest,
  OrgPatchRequest,
  OrgRequest,
} from './org-schemas.ts'
import { pageParameters } from './page-parameters.ts'
import { pathParameter } from './path-parameter.ts'

export const org = pathParameter('org', 'Id or slug of an org that you are a member of.', ORG.slug)
export const orgMember = pathParameter('account', 'A wallet, or `acct_…`.', ORG_MEMBER.id)
export const orgInvitation = pathParameter('id', 'Id of an invitation.', ORG_INVITATION.id)

const takes = (schema: z.ZodType, example: unknown) => ({ required: true, content: json(schema, { example }) })
const CHANGE_ERRORS = { ...STORE_ERRORS, ...errorReplies(409, 413, 415) }

export const listOrgs: ZodOpenApiOperationObject = {
  operationId: 'listOrgs',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Your orgs',
  description: 'Those that you are a member of, the latest first.',
  requestParams: pageParameters('org'),
  responses: { 200: plainReply('A page of them.', json(OrgList, { orgs: pageOf(ORG) })), ...STORE_ERRORS },
}

export const createOrg: ZodOpenApiOperationObject = {
  operationId: 'createOrg',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Found an org',
  description:
    'You are its first owner. It has an account of its own, which runs are charged to that name it by a header.',
  requestBody: takes(OrgRequest, { slug: ORG.slug, name: ORG.name }),
  responses: { 200: plainReply('The org.', json(Org, { org: ORG })), ...CHANGE_ERRORS },
}

export const retrieveOrg: ZodOpenApiOperationObject = {
  operationId: 'retrieveOrg',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'An org, with its balance',
  responses: { 200: plainReply('The org.', json(Org, { org: ORG })), ...STORE_ERRORS },
}

export const renameOrg: ZodOpenApiOperationObject = {
  operationId: 'renameOrg',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Give an org another name',
  description: 'By owners. The slug stays.',
  requestBody: takes(OrgPatchRequest, { name: ORG.name }),
  responses: { 200: plainReply('The org.', json(Org, { org: ORG })), ...CHANGE_ERRORS },
}

export const closeOrg: ZodOpenApiOperationObject = {
  operationId: 'closeOrg',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Close an org',
  description:
    'By owners, for good. Its own keys and its invitations end. While it pays for runs it is a 409 `org_in_use`, and a 409 `balance_left` where it has credits and nobody is named to get them.',
  requestParams: {
    query: z.object({
      move_to: z
        .string()
        .optional()
        .meta({ description: 'Account of an owner, which gets the credits that are left.' }),
    }),
  },
  responses: {
    200: plainReply('It is closed.', json(DeletedOrg, { closed: { id: ORG.id, object: 'org', deleted: true } })),
    ...CHANGE_ERRORS,
  },
}

export const listOrgMembers: ZodOpenApiOperationObject = {
  operationId: 'listOrgMembers',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'The members of an org',
  description: 'With their roles and ceilings, the latest first.',
  requestParams: pageParameters('member'),
  responses: {
    200: plainReply('A page of them.', json(OrgMemberList, { members: pageOf(ORG_MEMBER) })),
    ...STORE_ERRORS,
  },
}

export const changeOrgMember: ZodOpenApiOperationObject = {
  operationId: 'changeOrgMember',
  tags: ['orgs'],
  security: PROVEN,
  summary: "Change a member's role or ceilings",
  description:
    'Owners manage all, admins members and viewers. What is not named stays; a ceiling of null is lifted. That there is no owner left is a 409 `last_owner`.',
  requestBody: takes(OrgMemberPatchRequest, { role: 'member', credits_per_day: '2.5' }),
  responses: { 200: plainReply('The member.', json(OrgMember, { member: ORG_MEMBER })), ...CHANGE_ERRORS },
}

export const removeOrgMember: ZodOpenApiOperationObject = {
  operationId: 'removeOrgMember',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Remove a member, or leave',
  description: 'Owners remove all, admins members and viewers, and anybody itself.',
  responses: {
    200: plainReply(
      'It is no member any more.',
      json(DeletedOrgMember, { removed: { id: ORG_MEMBER.id, object: 'org.member', deleted: true } }),
    ),
    ...CHANGE_ERRORS,
  },
}

export const listOrgInvitations: ZodOpenApiOperationObject = {
  operationId: 'listOrgInvitations',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'The invitations of an org',
  description: 'For owners and admins. The latest first, those that have ended too.',
  requestParams: pageParameters('invitation'),
  responses: {
    200: plainReply('A page of them.', json(OrgInvitationList, { invitations: pageOf(ORG_INVITATION) })),
    ...STORE_ERRORS,
  },
}

export const createOrgInvitation: ZodOpenApiOperationObject = {
  operationId: 'createOrgInvitation',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Invite somebody',
  description:
    'Owners to any role, admins to member and viewer. Whoever gets the token accepts it, once. It ends with the right to invite of who has made it.',
  requestBody: takes(OrgInvitationRequest, { role: 'member', wallet: ORG_MEMBER.id, credits_per_day: '2.5' }),
  responses: {
    200: plainReply(
      'The invitation, with its token.',
      json(NewOrgInvitation, { invitation: { ...ORG_INVITATION, token: INVITATION_TOKEN } }),
    ),
    ...CHANGE_ERRORS,
  },
}

export const revokeOrgInvitation: ZodOpenApiOperationObject = {
  operationId: 'revokeOrgInvitation',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Revoke an invitation',
  description: 'One that has ended stays as it is.',
  responses: {
    200: plainReply('The invitation.', json(OrgInvitation, { revoked: { ...ORG_INVITATION, status: 'revoked' } })),
    ...CHANGE_ERRORS,
  },
}

export const acceptOrgInvitation: ZodOpenApiOperationObject = {
  operationId: 'acceptOrgInvitation',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Accept an invitation',
  responses: {
    200: plainReply('The org, as its new member sees it.', json(Org, { org: { ...ORG, role: 'member' } })),
    ...CHANGE_ERRORS,
  },
  requestBody: takes(OrgAcceptanceRequest, { token: INVITATION_TOKEN }),
}

export const moveOrgCredits: ZodOpenApiOperationObject = {
  operationId: 'moveOrgCredits',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'Move credits between an org and your own account',
  description: 'Owners, admins and members give; owners take back.',
  requestBody: takes(OrgCreditsRequest, { amount: '5', direction: 'in', id: 'january' }),
  responses: {
    200: plainReply('It is done.', json(OrgCredits, { moved: ORG_CREDITS })),
    ...CHANGE_ERRORS,
    ...errorReplies(402, 422),
  },
}

export const listOrgAudit: ZodOpenApiOperationObject = {
  operationId: 'listOrgAudit',
  tags: ['orgs'],
  security: PROVEN,
  summary: 'What was changed in an org',
  description: 'For owners and admins, newest first: who, when, from where.',
  requestParams: pageParameters('entry'),
  responses: {
    200: plainReply('A page of it.', json(OrgAuditList, { audit: pageOf(ORG_AUDIT_ENTRY) })),
    ...STORE_ERRORS,
  },
}
