import { toCreditText } from '../../accounts/credits.ts'
import type { Role } from '../../accounts/identity.ts'
import type { Ceilings, Invitation, Member, OwnOrg } from '../../accounts/orgs/org.ts'
import { toSeconds } from '../../to-seconds.ts'
import { toWireBalance, type WireBalance } from '../wire-balance.ts'

/** Amounts are exact decimal texts of credits; null: no ceiling of the member's own. */
type WireCeilings = { credits_per_day: string | null; credits_per_month: string | null }

/** As one of its members sees it: role and ceilings are that member's. */
export type WireOrg = WireCeilings &
  WireBalance & {
    id: string
    object: 'org'
    slug: string
    name: string
    role: Role
    created_at: number
  }

export function toWireOrg({ id, slug, name, role, balance, held, createdAtMs, ...ceilings }: OwnOrg): WireOrg {
  return {
    id,
    object: 'org',
    slug,
    name,
    role,
    ...toWireCeilings(ceilings),
    ...toWireBalance({ balance, held }),
    created_at: toSeconds(createdAtMs),
  }
}

/** `id` is the account. */
export type WireMember = WireCeilings & { id: string; object: 'org.member'; role: Role; added_at: number }

export function toWireMember({ account, role, addedAtMs, ...ceilings }: Member): WireMember {
  return { id: account, object: 'org.member', role, ...toWireCeilings(ceilings), added_at: toSeconds(addedAtMs) }
}

export type WireInvitation = WireCeilings & {
  id: string
  object: 'org.invitation'
  status: Invitation['status']
  role: Role
  wallet: string | null
  created_by: string
  accepted_by: string | null
  created_at: number
  expires_at: number
}

export function toWireInvitation(invitation: Invitation): WireInvitation {
  const { id, status, role, wallet, createdBy, acceptedBy, createdAtMs, expiresAtMs } = invitation
  return {
    id,
    object: 'org.invitation',
    status,
    role,
    wallet,
    ...toWireCeilings(invitation),
    created_by: createdBy,
    accepted_by: acceptedBy,
    created_at: toSeconds(createdAtMs),
    expires_at: toSeconds(expiresAtMs),
  }
}

function toWireCeilings({ creditsPerDay: day, creditsPerMonth: month }: Ceilings): WireCeilings {
  return {
    credits_per_day: day === null ? null : toCreditText(day),
    credits_per_month: month === null ? null : toCreditText(month),
  }
}
