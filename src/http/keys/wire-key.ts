import { toCreditText } from '../../accounts/credits.ts'
import type { Scopes } from '../../accounts/identity.ts'
import type { KeyWithSecret } from '../../accounts/keys/create-key.ts'
import type { KeyRecord } from '../../accounts/keys/key-record.ts'
import { toSeconds } from '../../to-seconds.ts'

/** An API key as callers see it; its secret is none of it. */
export function toWireKey(key: KeyRecord) {
  return {
    id: key.id,
    object: 'api_key',
    name: key.name,
    hint: key.hint,
    status: key.state,
    account: key.account,
    org_id: key.orgId,
    org_mode: key.orgId === null ? null : key.orgMode,
    scopes: toWireScopes(key.scopes),
    created_by: key.createdBy,
    created_at: toSeconds(key.createdAtMs),
    expires_at: toSeconds(key.expiresAtMs),
    revoked_at: toSeconds(key.revokedAtMs),
    replaced_by: key.replacedBy,
    last_used_at: toSeconds(key.lastUsedAtMs),
  }
}

/** For the one answer that has the secret. */
export function toWireNewKey({ key, secret }: KeyWithSecret) {
  return { ...toWireKey(key), secret }
}

/** Null where a key is not confined. */
function toWireScopes(scopes: Scopes) {
  const { creditsPerDay, creditsPerMonth } = scopes
  return {
    models: scopes.models ?? null,
    orgs: scopes.orgs ?? null,
    tools: scopes.tools ?? null,
    manage: scopes.manage ?? null,
    ips: scopes.ips ?? null,
    requests_per_minute: scopes.requestsPerMinute ?? null,
    tokens_per_minute: scopes.tokensPerMinute ?? null,
    concurrent_runs: scopes.concurrentRuns ?? null,
    credits_per_day: creditsPerDay === undefined ? null : toCreditText(creditsPerDay),
    credits_per_month: creditsPerMonth === undefined ? null : toCreditText(creditsPerMonth),
  }
}
