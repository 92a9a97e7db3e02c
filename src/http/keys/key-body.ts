import { z } from 'zod'
import { idPattern } from '../../accounts/account-id.ts'
import { isIpRange } from '../../accounts/identify/ip-ranges.ts'
import type { Scopes } from '../../accounts/identity.ts'
import { MAX_GRACE_SEC } from '../../accounts/keys/rotate-key.ts'
import type { ScopeChange } from '../../accounts/keys/update-key.ts'
import { creditText, plainText } from '../account-fields.ts'
import { EXPIRY_FIELDS } from '../expiry-fields.ts'
import { integer } from '../integer.ts'

const list = (max: number) => z.array(plainText(256)).max(max).nullable().optional()
const count = (max: number) => integer(1, max).nullable().optional()
const amount = creditText.nullable().optional()
const ipRange = z.string().refine(isIpRange, {
  error: ({ input }) =>
    `'${String(input).slice(0, 64)}' is no IP address or range: expected 10.0.0.0/8 or 2001:db8::/32.`,
})
const orgId = z.string().regex(idPattern('org'))

/** What a key is to be confined to, as callers write it: null lifts what is set. */
export const ScopeFields = z.strictObject({
  models: list(200),
  orgs: z.array(orgId).max(200).nullable().optional(),
  tools: list(500),
  manage: z.boolean().nullable().optional(),
  ips: z.array(ipRange).min(1).max(200).nullable().optional(),
  requests_per_minute: count(1_000_000),
  tokens_per_minute: count(1_000_000_000),
  concurrent_runs: count(100_000),
  credits_per_day: amount,
  credits_per_month: amount,
})

/** Every gateway keeps the scopes of thousands of keys at hand, and the audit log keeps them for good. */
const MOST_CHARS = 8_192

const WireScopes = ScopeFields.refine((wire) => listedChars(wire) <= MOST_CHARS, {
  error: `The lists of scopes are too long: expected ${MOST_CHARS} characters in all at most.`,
}).transform(
  (wire): ScopeChange => ({
    models: wire.models,
    orgs: wire.orgs,
    tools: wire.tools,
    manage: wire.manage,
    ips: wire.ips,
    requestsPerMinute: wire.requests_per_minute,
    tokensPerMinute: wire.tokens_per_minute,
    concurrentRuns: wire.concurrent_runs,
    creditsPerDay: wire.credits_per_day,
    creditsPerMonth: wire.credits_per_month,
  }),
)

const listedChars = ({ models, orgs, tools, ips }: z.output<typeof ScopeFields>) =>
  [models, orgs, tools, ips].flatMap((words) => words ?? []).join().length

/** What whoever makes a key says of it; whose it is, each route says for itself. */
export const NEW_KEY_FIELDS = { name: plainText(128), scopes: WireScopes.optional(), ...EXPIRY_FIELDS }

/** `org`: its id or slug. `service`: the key belongs to the org itself. */
export const NewKeyBody = z.strictObject({
  ...NEW_KEY_FIELDS,
  org: plainText(64).optional(),
  org_mode: z.enum(['strict', 'fallback']).optional(),
  service: z.boolean().default(false),
})

export const KeyChangeBody = z.strictObject({
  name: plainText(128).optional(),
  scopes: WireScopes.optional(),
  ...EXPIRY_FIELDS,
})

export const RotationBody = z.strictObject({ grace_seconds: integer(0, MAX_GRACE_SEC).default(0) })

/** Of a key that is new: nothing is there to be lifted. */
export function toScopes(change: ScopeChange = {}): Scopes {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null && value !== undefined))
}
