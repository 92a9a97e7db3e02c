import { GatewayError } from '../../errors.ts'
import type { Role } from '../identity.ts'
import { managedBy } from './roles.ts'

/** The same for an org that is not there, one that is closed, and one that is not the caller's. */
export function orgNotFound(org: string): GatewayError {
  return notFound(`Org '${shorten(org)}' not found.`, { code: 'org_not_found', param: 'org' })
}

export function memberNotFound(account: string): GatewayError {
  const message = `'${shorten(account)}' is no member of this org.`
  return notFound(message, { code: 'member_not_found', param: 'account' })
}

export function invitationNotFound(id: string): GatewayError {
  return notFound(`Invitation '${shorten(id)}' not found.`, { code: 'invitation_not_found', param: 'id' })
}

export function roleTooLow(role: Role, least: Role): GatewayError {
  return forbidden(`You are ${AS[role]} of this org, and have to be ${AS[least]} for that.`, 'role_too_low')
}

/** @param target - that the member has, or is to have. */
export function roleNotManaged(role: Role, target: Role): GatewayError {
  const managed = managedBy(role).map((name) => `${name}s`)
  return forbidden(
    `You are ${AS[role]} of this org, and manage ${managed.join(' and ')}: not ${target}s.`,
    'role_too_low',
  )
}

export function lastOwner(): GatewayError {
  return conflict('An org needs an owner, and this one has no other. Make another member an owner first.', 'last_owner')
}

export function alreadyMember(account: string): GatewayError {
  return conflict(`'${shorten(account)}' is a member of this org.`, 'already_member')
}

/** Members are people, or programs that act for one. */
export function orgAsMember(): GatewayError {
  return forbidden("An org cannot be a member of an org. Use a key or a wallet of the member's own.", 'org_as_member')
}

export function conflict(message: string, code: string, details: Record<string, unknown> = {}): GatewayError {
  return new GatewayError(message, { status: 409, code, type: 'conflict_error', details })
}

export function forbidden(message: string, code: string): GatewayError {
  return new GatewayError(message, { status: 403, code, type: 'permission_error' })
}

function notFound(message: string, { code, param }: { code: string; param: string }): GatewayError {
  return new GatewayError(message, { status: 404, code, param })
}

const AS = { owner: 'an owner', admin: 'an admin', member: 'a member', viewer: 'a viewer' } as const

const shorten = (text: string) => (text.length > 64 ? `${text.slice(0, 64)}…` : text)
