import { toSeconds } from '../../to-seconds.ts'
import type { Scopes } from '../identity.ts'
import type { KeyRecord } from './key-record.ts'

/** What the audit log tells of a key, by the names of the wire. Scopes that confine nothing are left out. */
export function toKeyDetails({ name, scopes, expiresAtMs }: Pick<KeyRecord, 'name' | 'scopes' | 'expiresAtMs'>) {
  return { name, scopes: toScopeDetails(scopes), expires_at: toSeconds(expiresAtMs) }
}

function toScopeDetails(scopes: Scopes) {
  const { requestsPerMinute, tokensPerMinute, concurrentRuns, creditsPerDay, creditsPerMonth, ...words } = scopes
  return {
    ...words,
    requests_per_minute: requestsPerMinute,
    tokens_per_minute: tokensPerMinute,
    concurrent_runs: concurrentRuns,
    credits_per_day: creditsPerDay,
    credits_per_month: creditsPerMonth,
  }
}
