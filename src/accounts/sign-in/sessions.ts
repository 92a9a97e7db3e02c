import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { hashSecret } from '../keys/key-secret.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { lockAccount } from '../ledger/lock-account.ts'
import { openAccount } from '../ledger/open-account.ts'

/** A wallet that is signed in. Times are Unix ms, by the store's clock. */
export type Session = {
  /** In lower case. */
  wallet: string
  /** That its signature was made for. */
  chainId: number
  createdAtMs: number
  expiresAtMs: number
}

type NewSession = { wallet: string; chainId: number; lifetimeMs: number }

/** Of one wallet at a time. */
const MAX_SESSIONS = 100

/** `token` is shown this once: the store has its SHA-256 alone. The wallet's oldest sessions end where it has too many. */
export async function createSession(
  db: Kysely<Tables>,
  { wallet, chainId, lifetimeMs }: NewSession,
  actor: Actor,
): Promise<Session & { token: string }> {
  const token = `gws_${randomBytes(32).toString('base64url')}`
  const session = await atomically(db, async (tx) => {
    await openAccount(tx, { id: wallet, kind: 'wallet' })
    await lockAccount(tx, wallet)
    await makeRoom(tx, wallet, actor)
    const { rows } = await sql<Session>`
      insert into sessions (hash, wallet, chain_id, expires_at)
      values (
        ${hashSecret(token)}, ${wallet}, ${chainId}::int, clock_timestamp() + ${lifetimeMs}::float8 * interval '1 ms'
      )
      returning ${SESSION_COLUMNS}`.execute(tx)
    await appendAudit(tx, { actor, action: 'session.created', subject: wallet, details: { chain_id: chainId } })
    return rows[0]
  })
  if (session === undefined) throw new Error('no session was made')
  return { ...session, token }
}

/** Undefined where it has ended, or never was. */
export async function findSession(db: Kysely<Tables>, token: string): Promise<Session | undefined> {
  const { rows } = await sql<Session>`
    select ${SESSION_COLUMNS} from sessions where hash = ${hashSecret(token)} and ${IS_OPEN}`.execute(db)
  return rows[0]
}

/** What it was; undefined where it had ended before. */
export function endSession(db: Kysely<Tables>, token: string, actor: Actor): Promise<Session | undefined> {
  return atomically(db, async (tx) => {
    const { rows } = await sql<Session>`
      update sessions set revoked_at = clock_timestamp() where hash = ${hashSecret(token)} and ${IS_OPEN}
      returning ${SESSION_COLUMNS}`.execute(tx)
    const [session] = rows
    if (session !== undefined) await appendAudit(tx, { actor, action: 'session.ended', subject: session.wallet })
    return session
  })
}

/** For one more. */
async function makeRoom(tx: Kysely<Tables>, wallet: string, actor: Actor): Promise<void> {
  const { rows } = await sql`
    update sessions set revoked_at = clock_timestamp() where hash in (
      select hash from sessions where wallet = ${wallet} and ${IS_OPEN}
      order by created_at desc, hash offset ${MAX_SESSIONS - 1}
    ) returning 1`.execute(tx)
  for (const _ of rows) await appendAudit(tx, { actor, action: 'session.ended', subject: wallet })
}

const IS_OPEN = sql<boolean>`revoked_at is null and expires_at > clock_timestamp()`
const SESSION_COLUMNS = sql`
  wallet, chain_id as "chainId", ${toMs('created_at')} as "createdAtMs",
  ${toMs('expires_at')} as "expiresAtMs"`
