/** Who asks, and what they may do. */
export type Identity = {
  /**
   * Whose runs and answers these are. Proven: the account, so a wallet in lower case, `acct_…` or `org_…`. A claim: `claim:` and the
   * wallet, or `key_…` for whoever sent a key that is none of ours.
   */
  caller: string
  /** `claim` proves nothing: free mode takes it. `payment`: a wallet that has paid for this very request. */
  credential: 'claim' | 'key' | 'session' | 'payment'
  /** The caller's own account; undefined for a claim. */
  account: string | undefined
  /** In lower case. */
  wallet: string | undefined
  key: IdentityKey | undefined
  /** The org that is charged, by the request's header or the key's own binding. */
  org: OrgSeat | undefined
  /** Accounts in the order they are asked to pay; none for a claim. */
  payers: readonly string[]
  scopes: Scopes
}

/** The API key that a request is sent with. */
export type IdentityKey = {
  id: string
  name: string
  /** The first of those it has replaced, where it has: budgets and limits go on. */
  countsAs?: string | undefined
  /** Whether it ends by itself: it has an expiry, or another has taken its place and it is in its grace. */
  expires?: boolean | undefined
}

/** A caller's place in the org that is charged. Amounts are micro-credits. */
export type OrgSeat = {
  id: string
  slug: string
  role: Role
  creditsPerDay: bigint | undefined
  creditsPerMonth: bigint | undefined
}

export const ROLES = ['owner', 'admin', 'member', 'viewer'] as const
export type Role = (typeof ROLES)[number]

/** What a key is confined to. Unset: not confined. */
export type Scopes = {
  /** Public model ids; `provider:*` allows all of a provider's. */
  models?: readonly string[] | undefined
  /** Org ids that may be named by header. */
  orgs?: readonly string[] | undefined
  /** Names of the gateway's tools that are offered. */
  tools?: readonly string[] | undefined
  /** Whether it may make and change keys, orgs and their members, and move credits, as a signed-in wallet may. */
  manage?: boolean | undefined
  /** Addresses and CIDR ranges. */
  ips?: readonly string[] | undefined
  requestsPerMinute?: number | undefined
  tokensPerMinute?: number | undefined
  concurrentRuns?: number | undefined
  /** Micro-credits. */
  creditsPerDay?: bigint | undefined
  creditsPerMonth?: bigint | undefined
}
