import type { Role } from '../identity.ts'

/** Amounts are micro-credits. */
export type Org = {
  id: string
  slug: string
  name: string
  balance: bigint
  held: bigint
  createdAtMs: number
}

/** What a member may spend of the org's credits; null: as much as there is. */
export type Ceilings = { creditsPerDay: bigint | null; creditsPerMonth: bigint | null }

/** As one of its members sees it. */
export type OwnOrg = Org & Ceilings & { role: Role }

export type Member = Ceilings & { account: string; role: Role; addedAtMs: number }

export type Invitation = Ceilings & {
  id: string
  role: Role
  /** Only this one may accept it. */
  wallet: string | null
  status: 'open' | 'accepted' | 'revoked' | 'expired'
  createdBy: string
  acceptedBy: string | null
  createdAtMs: number
  expiresAtMs: number
}
