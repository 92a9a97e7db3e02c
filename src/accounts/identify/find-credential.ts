import { type Kysely, sql } from 'kysely'
import { z } from 'zod'
import type { Tables } from '../../db/schema.ts'
import { toStoreError } from '../../db/store-error.ts'
import { type IdentityKey, type OrgSeat, ROLES, type Scopes } from '../identity.ts'
import { parseScopesJson } from '../keys/scopes-json.ts'
import { createIpRanges, type IpRanges } from './ip-ranges.ts'

/** A key or a session that counts, with all that is to be known of its holder. */
export type StoredCredential = {
  kind: CredentialKind
  key: IdentityKey | undefined
  account: string
  /** Where the account is one. */
  wallet: string | undefined
  /** Of the org that the key is bound to. */
  binding: string | undefined
  orgMode: 'strict' | 'fallback'
  scopes: Scopes
  /** Undefined: anywhere. */
  ips: IpRanges | undefined
  /** In the orgs that the account is a member of, and are not closed. */
  seats: readonly OrgSeat[]
  /** Until it expires, by the store's clock. */
  leftMs: number | undefined
}

export type CredentialKind = 'key' | 'session'
/** `hash`: SHA-256 of the token, in hex. */
export type CredentialName = { kind: CredentialKind; hash: string }

/** Undefined where it is unknown, revoked or expired. Rejects with a 503 while the store cannot be reached. */
export type FindCredential = (name: CredentialName) => Promise<StoredCredential | undefined>

/** One query, which finds by hash: how long it takes tells nothing of the secret. */
export function createFindCredential(db: Kysely<Tables>): FindCredential {
  return async ({ kind, hash }) => {
    const { rows } = await sql<Row>`
      with credential as (${kind === 'key' ? keyOf(hash) : sessionOf(hash)})
      select c.*, a.kind as "accountKind", coalesce(s.seats, '[]') as seats
      from credential c join accounts a on a.id = c.account
      cross join lateral (
        select json_agg(json_build_object(
          'id', o.id, 'slug', o.slug, 'role', coalesce(m.role, 'member'),
          'creditsPerDay', m.credits_per_day::text, 'creditsPerMonth', m.credits_per_month::text
        ))::text as seats
        from orgs o left join org_members m on m.org_id = o.id and m.account = c.account
        where o.closed_at is null and (m.account is not null or o.id = c.account)
      ) s`
      .execute(db)
      .catch((thrown: unknown) => {
        throw toStoreError(thrown)
      })
    return rows[0] && toCredential(kind, rows[0])
  }
}

type Row = {
  id: string | null
  name: string | null
  countsAs: string | null
  account: string
  accountKind: 'wallet' | 'org' | 'account'
  binding: string | null
  orgMode: 'strict' | 'fallback'
  scopes: string
  seats: string
  leftMs: number | null
}

const keyOf = (hash: string) => sql`
  select id, name, counts_as as "countsAs", account, org_id as binding, org_mode as "orgMode", scopes::text as scopes, ${LEFT_MS} as "leftMs"
  from api_keys
  where hash = ${hash} and revoked_at is null and (expires_at is null or expires_at > clock_timestamp())`

const sessionOf = (hash: string) => sql`
  select null as id, null as name, null as "countsAs", wallet as account, null as binding, 'strict' as "orgMode", '{}' as scopes, ${LEFT_MS} as "leftMs"
  from sessions
  where hash = ${hash} and revoked_at is null and expires_at > clock_timestamp()`

const LEFT_MS = sql`(extract(epoch from expires_at - clock_timestamp()) * 1000)::float8`

function toCredential(kind: CredentialKind, row: Row): StoredCredential {
  const scopes = parseScopesJson(row.scopes)
  return {
    kind,
    key: row.id === null ? undefined : toKey(row, row.id),
    account: row.account,
    wallet: row.accountKind === 'wallet' ? row.account : undefined,
    binding: row.binding ?? undefined,
    orgMode: row.orgMode,
    scopes,
    ips: scopes.ips && createIpRanges(scopes.ips),
    seats: Seats.parse(JSON.parse(row.seats)),
    leftMs: row.leftMs ?? undefined,
  }
}

function toKey({ name, countsAs, leftMs }: Row, id: string): IdentityKey {
  return { id, name: name ?? '', ...(countsAs && { countsAs }), ...(leftMs !== null && { expires: true }) }
}

const ceiling = z
  .string()
  .nullable()
  .transform((digits) => (digits === null ? undefined : BigInt(digits)))

const Seats = z.array(
  z.object({
    id: z.string(),
    slug: z.string(),
    role: z.enum(ROLES),
    creditsPerDay: ceiling,
    creditsPerMonth: ceiling,
  }),
)
