import { z } from 'zod'
import type { Scopes } from '../identity.ts'

/** Amounts as texts of micro-credits. */
export function toScopesJson(scopes: Scopes): string {
  return JSON.stringify(scopes, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
}

/**
 * The inverse of {@link toScopesJson}.
 * @throws on a field it does not know: a later version may have confined the key by it.
 */
export function parseScopesJson(text: string): Scopes {
  return StoredScopes.parse(JSON.parse(text))
}

const words = z.array(z.string()).optional()
const count = z.int().optional()
const amount = z
  .string()
  .regex(/^\d+$/)
  .transform((digits) => BigInt(digits))
  .optional()

const StoredScopes = z.strictObject({
  models: words,
  orgs: words,
  tools: words,
  manage: z.boolean().optional(),
  ips: words,
  requestsPerMinute: count,
  tokensPerMinute: count,
  concurrentRuns: count,
  creditsPerDay: amount,
  creditsPerMonth: amount,
})
