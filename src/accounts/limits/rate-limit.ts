import type { Identity } from '../identity.ts'

/** What may be used of something in a minute. */
export type RateLimit = {
  /** Names the counter: `requests key:key_…`. */
  subject: string
  /** For the caller: `this key`. */
  of: string
  unit: RateUnit
  perMinute: number
}

export type RateUnit = 'requests' | 'tokens'

/** 0: no limit. */
export type RateSettings = {
  /** Of one caller. */
  requestsPerMinute: number
  tokensPerMinute: number
  /** Of one org, all its members together. */
  orgRequestsPerMinute: number
  /** Of one address. */
  ipRequestsPerMinute: number
}

/** Those that somebody's requests count against. */
export function requestLimits(
  { caller, key, org, scopes }: RatedIdentity,
  { requestsPerMinute, orgRequestsPerMinute }: RateSettings,
): readonly RateLimit[] {
  return [
    ...limit('requests', 'this key', key && `key:${key.countsAs ?? key.id}`, scopes.requestsPerMinute),
    ...limit('requests', 'this caller', subjectOf(caller), requestsPerMinute || undefined),
    ...limit('requests', 'this organization', org && `org:${org.id}`, orgRequestsPerMinute || undefined),
  ]
}

/** Those that somebody's tokens count against. */
export function tokenLimits({ caller, key, scopes }: RatedIdentity, settings: RateSettings): readonly RateLimit[] {
  return [
    ...limit('tokens', 'this key', key && `key:${key.countsAs ?? key.id}`, scopes.tokensPerMinute),
    ...limit('tokens', 'this caller', subjectOf(caller), settings.tokensPerMinute || undefined),
  ]
}

/** @param network - an address, or the network that counts as one. */
export function networkLimits(network: string, { ipRequestsPerMinute }: RateSettings): readonly RateLimit[] {
  return limit('requests', 'this IP address', `ip:${network}`, ipRequestsPerMinute || undefined)
}

/** Who has not paid yet, and is nobody, is no one caller: one of them would use up the minute of all. */
const subjectOf = (caller: string) => (caller === '' ? undefined : `caller:${caller}`)

export type RatedIdentity = Pick<Identity, 'caller' | 'key' | 'scopes'> & { org: { id: string } | undefined }

function limit(unit: RateUnit, of: string, subject: string | undefined, perMinute: number | undefined): RateLimit[] {
  return subject === undefined || perMinute === undefined
    ? []
    : [{ subject: `${unit} ${subject}`, of, unit, perMinute }]
}
