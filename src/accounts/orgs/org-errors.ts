import { conflict, forbidden, type GatewayError, notFound } from '../../errors.ts'
import type { Role } from '../identity.ts'
import { managedBy } from './roles.ts'

/** The same for an org that is not there, one that is closed, and one that is not the caller's. */
export function orgNotFound(org: string): GatewayError {
  return notFound('org_not_found', `Org '${shorten(org)}' not found.`, { param: 'org' })
}

export function memberNotFound(account: string): GatewayError {
  const message = `'${shorten(account)}' is no member of this org.`
  return notFound('member_not_found', message, { param: 'account' })
}

export function invitationNotFound(id: string): GatewayError {
  return notFound('invitation_not_found', `Invitation '${shorten(id)}' not found.`, { param: 'id' })
}

export function roleTooLow(role: Role, least: Role): GatewayError {
  return forbidden('role_too_low', `You are ${AS[role]} of this org, and have to be ${AS[least]} for that.`)
}

/** @param target - that the member has, or is to have. */
export function roleNotManaged(role: Role, target: Role): GatewayError {
  const managed = managedBy(role).map((name) => `${name}s`)
  return forbidden(
    'role_too_low',
    `You are ${AS[role]} of this org, and manage ${managed.join(' and ')}: not ${target}s.`,
  )
}

export function lastOwner(): GatewayError {
  return conflict('last_owner', 'An org needs an owner, and this one has no other. Make another member an owner first.')
}

export function alreadyMember(account: string): GatewayError {
  return conflict('already_member', `'${shorten(account)}' is a member of this org.`)
}

export function tooManyOrgs(limit: number): GatewayError {
  return conflict(
    'too_many_orgs',
    `You own ${limit} orgs, closed ones among them, and may own ${limit}. Leave one that has another owner, or ask the operator for an org.`,
    { details: { limit } },
  )
}

export function tooManyInvitations(limit: number): GatewayError {
  return conflict(
    'too_many_invitations',
    `This org has ${limit} open invitations, and may have ${limit}. Revoke one: DELETE /v1/orgs/{org}/invitations/{id}.`,
    { details: { limit } },
  )
}

/** Members are people, or programs that act for one. */
export function orgAsMember(): GatewayError {
  return forbidden('org_as_member', "An org cannot be a member of an org. Use a key or a wallet of the member's own.")
}

const AS = { owner: 'an owner', admin: 'an admin', member: 'a member', viewer: 'a viewer' } as const

const shorten = (text: string) => (text.length > 64 ? `${text.slice(0, 64)}…` : text)
