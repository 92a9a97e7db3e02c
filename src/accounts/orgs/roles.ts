import { ROLES, type Role } from '../identity.ts'

/** Owners may do what admins may, and so on down to viewers. */
export function isAtLeast(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) <= ROLES.indexOf(least)
}

/** Whom one of `role` may invite, change and remove: owners all, admins members and viewers. */
export function managedBy(role: Role): readonly Role[] {
  if (role === 'owner') return ROLES
  return role === 'admin' ? ['member', 'viewer'] : []
}
