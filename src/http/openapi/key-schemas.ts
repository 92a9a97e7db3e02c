import { z } from 'zod'
import { idPattern } from '../../accounts/account-id.ts'
import { KeyChangeBody, NewKeyBody, RotationBody, ScopeFields } from '../keys/key-body.ts'
import { withNotes } from './field-notes.ts'
import { listOf } from './list-of.ts'
import { creditDigits, unixSeconds } from './numbers.ts'

const SCOPE_NOTES = {
  models: 'Public model ids it may use; `provider:*` for all of a provider.',
  orgs: 'Ids of the orgs that may be named by a header, beside its own.',
  tools: "Names of the gateway's tools that are offered; none where empty.",
  manage: 'It may make and change keys, orgs and their members, and move credits, as a signed-in wallet may.',
  ips: 'Addresses and ranges it may be used from: `203.0.113.0/24`, `2001:db8::/32`.',
  requests_per_minute: 'It hears 429 above.',
  tokens_per_minute: 'The same, of prompts and answers together.',
  concurrent_runs: 'Runs that have not ended.',
  credits_per_day: 'What it may spend a day (UTC), in credits as a decimal text.',
  credits_per_month: 'The same, a month.',
}

const words = z.array(z.string()).nullable()
const count = z.int().min(1).nullable()
const credits = creditDigits.nullable()

/** Of a reply: each is there. */
const Scopes = withNotes(
  z.object({
    models: words,
    orgs: words,
    tools: words,
    manage: z.boolean().nullable(),
    ips: words,
    requests_per_minute: count,
    tokens_per_minute: count,
    concurrent_runs: count,
    credits_per_day: credits,
    credits_per_month: credits,
  }),
  SCOPE_NOTES,
).meta({ id: 'KeyScopes', description: 'What it is confined to; null: it is not.' })

const keyId = z.string().regex(idPattern('key'))
const key = z.object({
  id: keyId,
  object: z.literal('api_key'),
  name: z.string(),
  hint: z.string().meta({ description: 'The start and the end of its secret.' }),
  status: z.enum(['active', 'expired', 'revoked']),
  account: z.string().meta({ description: 'Whose it is: a wallet in lower case, `acct_…`, or `org_…`.' }),
  org_id: z.string().nullable().meta({ description: 'The org that its runs are charged to; null: the account is.' }),
  org_mode: z
    .enum(['strict', 'fallback'])
    .nullable()
    .meta({ description: '`fallback`: the account pays where the org cannot.' }),
  scopes: Scopes,
  created_by: z.string(),
  created_at: unixSeconds,
  expires_at: unixSeconds.nullable(),
  revoked_at: unixSeconds.nullable(),
  replaced_by: keyId.nullable().meta({ description: 'The key that a rotation has put in its place.' }),
  last_used_at: unixSeconds.nullable().meta({ description: 'Unix time in seconds, to the minute.' }),
})

export const Key = key.meta({ id: 'ApiKey' })

export const KeyWithSecret = key
  .extend({
    secret: z
      .string()
      .regex(/^gw_[\w-]{43}$/)
      .meta({ description: 'Told this once: the store has a hash of it.' }),
  })
  .meta({ id: 'NewApiKey' })

export const KeyList = listOf(Key).meta({ id: 'ApiKeyList' })

const EXPIRY_NOTES = {
  expires_at: 'Unix time in seconds; null: never.',
  expires_in: 'Seconds from now, in place of `expires_at`.',
}
const scopes = withNotes(ScopeFields, SCOPE_NOTES).optional()

export const KeyRequest = withNotes(NewKeyBody.extend({ scopes }), {
  org: 'Id or slug of an org that its runs are charged to. You have to be a member of it, or more.',
  org_mode: 'Whether the account pays where the org cannot; `strict` unless set.',
  service: "The key belongs to the org itself, whoever comes and goes. For the org's owners and admins.",
  ...EXPIRY_NOTES,
})

export const KeyChangeRequest = withNotes(KeyChangeBody.extend({ scopes }), {
  scopes: 'Each by itself: what is not named stays, and null lifts it.',
  ...EXPIRY_NOTES,
})

export const KeyRotationRequest = withNotes(RotationBody, {
  grace_seconds: 'How long the old secret goes on; 0 ends it at once.',
})
