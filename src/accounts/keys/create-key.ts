import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { forbidden } from '../../errors.ts'
import { accountKind, newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { type Expiry, toTimestamp } from '../expiry.ts'
import type { Scopes } from '../identity.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'
import { toKeyDetails } from './key-details.ts'
import { expiryPast } from './key-errors.ts'
import { KEY_COLUMNS, type KeyRecord, type KeyRow, toKeyRecord } from './key-record.ts'
import { newKeySecret } from './key-secret.ts'
import { toScopesJson } from './scopes-json.ts'

export type NewKey = {
  name: string
  /** Made where there is none. An org makes it a service key: nobody's but the org's. */
  account: string
  /** Charged for its runs; the account must be a member of it who may spend. */
  orgId?: string | undefined
  /** Default: the org alone pays. */
  orgMode?: 'strict' | 'fallback' | undefined
  scopes?: Scopes | undefined
  expiry?: Expiry | undefined
}

/** Told once: only its hash is kept. */
export type KeyWithSecret = { key: KeyRecord; secret: string }

/** @throws {@link GatewayError} 403 `org_not_allowed`; 400 for an expiry in the past. */
export function createKey(db: Kysely<Tables>, wanted: NewKey, actor: Actor): Promise<KeyWithSecret> {
  const { name, account, orgMode = 'strict', scopes = {}, expiry = null } = wanted
  const kind = accountKind(account)
  if (kind === undefined) throw new Error('a key belongs to a wallet, an org or an account')
  const orgId = wanted.orgId ?? (kind === 'org' ? account : undefined)
  return atomically(db, async (tx) => {
    if (orgId !== undefined) await requireSeat(tx, { account, orgId })
    if (kind !== 'org') await openAccount(tx, { id: account, kind })
    const { secret, hash, hint } = newKeySecret()
    const { rows } = await sql<KeyRow>`
      insert into api_keys (id, hash, hint, name, account, org_id, org_mode, scopes, created_by, expires_at)
      values (${newId('key')}, ${hash}, ${hint}, ${name}, ${account}, ${orgId ?? null}, ${orgMode}, ${toScopesJson(scopes)},
        ${actor.id}, ${toTimestamp(expiry)})
      returning ${KEY_COLUMNS}`.execute(tx)
    const [row] = rows
    if (row === undefined) throw new Error('a key was not stored')
    if (row.state !== 'active') throw expiryPast()
    const key = toKeyRecord(row)
    const details = { account, org_mode: orgMode, ...toKeyDetails(key) }
    await appendAudit(tx, { actor, action: 'key.created', subject: key.id, orgId, details })
    return { key, secret }
  })
}

async function requireSeat(tx: Kysely<Tables>, { account, orgId }: { account: string; orgId: string }): Promise<void> {
  const { rows } = await sql`
    select 1 from orgs o left join org_members m on m.org_id = o.id and m.account = ${account}
    where o.id = ${orgId} and o.closed_at is null and (o.id = ${account} or m.role in ('owner', 'admin', 'member'))`.execute(
    tx,
  )
  if (rows.length > 0) return
  throw forbidden(
    'org_not_allowed',
    `A key for the org '${orgId}' needs an owner who is a member of it and may spend.`,
    { param: 'org' },
  )
}
