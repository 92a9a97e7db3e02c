import { randomBytes } from 'node:crypto'
import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import { invalidMessage, nonceUsed } from './sign-in-error.ts'
import type { SignInMessage } from './sign-in-message.ts'

/** Times are Unix ms, by the store's clock. */
export type Nonce = { nonce: string; issuedAtMs: number; expiresAtMs: number }

/** Also makes room: as many as were left unused go as come. */
export async function issueNonce(db: Kysely<Tables>): Promise<Nonce> {
  const { rows } = await sql<Nonce>`
    with left_unused as (
      delete from sign_in_nonces where nonce in (
        select nonce from sign_in_nonces where expires_at < clock_timestamp() limit 20 for update skip locked
      )
    )
    insert into sign_in_nonces (nonce, expires_at)
    values (${randomBytes(16).toString('hex')}, clock_timestamp() + ${NONCE_MS}::float8 * interval '1 ms')
    returning nonce, ${toMs('created_at')} as "issuedAtMs",
      ${toMs('expires_at')} as "expiresAtMs"`.execute(db)
  const [issued] = rows
  if (issued === undefined) throw new Error('no nonce was issued')
  return issued
}

/** Of a nonce that was taken; puts it back. */
type TakenNonce = { nonce: string; expiresAt: string }

/**
 * Uses up the nonce of a message whose times are right: of all who try at once one succeeds.
 * @throws GatewayError 401 `invalid_siwe_message` or `siwe_nonce_used`.
 */
export async function takeNonce(
  db: Kysely<Tables>,
  { nonce, issuedAtMs, expirationTimeMs = null, notBeforeMs = null }: NullableTimes,
): Promise<TakenNonce> {
  const { rows } = await sql<{ fault: Fault | null; expiresAt: string | null }>`
    with clock as (
      select clock_timestamp() as now
    ), judged as (
      select now, case
        when ${toTime(issuedAtMs)} > now + ${CLOCK_SKEW_MS}::float8 * interval '1 ms' then 'early'
        when ${toTime(issuedAtMs)} < now - ${MESSAGE_MS}::float8 * interval '1 ms' then 'stale'
        when ${toTime(expirationTimeMs)} <= now then 'expired'
        when ${toTime(notBeforeMs)} > now then 'not_yet'
      end as fault from clock
    ), taken as (
      delete from sign_in_nonces using judged where nonce = ${nonce} and fault is null
      returning case when sign_in_nonces.expires_at > now then sign_in_nonces.expires_at::text end as expires_at
    )
    select fault, (select expires_at from taken) as "expiresAt" from judged`.execute(db)
  const { fault = null, expiresAt = null } = rows[0] ?? {}
  if (fault !== null) throw invalidMessage(FAULTS[fault])
  if (expiresAt === null) throw nonceUsed()
  return { nonce, expiresAt }
}

/** As it was: nobody has signed in with it. */
export async function returnNonce(db: Kysely<Tables>, { nonce, expiresAt }: TakenNonce): Promise<void> {
  await sql`
    insert into sign_in_nonces (nonce, expires_at) values (${nonce}, ${expiresAt}::timestamptz)
    on conflict (nonce) do nothing`.execute(db)
}

type NullableTimes = Pick<SignInMessage, 'nonce' | 'issuedAtMs'> & {
  expirationTimeMs?: number | null | undefined
  notBeforeMs?: number | null | undefined
}

const NONCE_MS = 5 * 60_000
const MESSAGE_MS = 10 * 60_000
const CLOCK_SKEW_MS = 60_000

const toTime = (ms: number | null) => sql`to_timestamp(${ms}::float8 / 1000)`

type Fault = keyof typeof FAULTS
const FAULTS = {
  early: "The message's 'Issued At' is in the future. Is your clock right?",
  stale: 'The message was issued more than 10 minutes ago. Sign a new one.',
  expired: "The message's 'Expiration Time' has passed. Sign a new one.",
  not_yet: "The message's 'Not Before' has not come yet.",
} as const
