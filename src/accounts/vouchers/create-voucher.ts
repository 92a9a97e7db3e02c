import { sql } from 'kysely'
import { BadRequestError } from '../../errors.ts'
import { toSeconds } from '../../to-seconds.ts'
import { newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { type Expiry, toTimestamp } from '../expiry.ts'
import { atomically, type LedgerDb } from '../ledger/ledger-db.ts'
import { toVoucher, VOUCHER_COLUMNS, type Voucher, type VoucherRow } from './voucher.ts'
import { hashVoucherCode, newVoucherCode, toVoucherHint } from './voucher-code.ts'

export type NewVoucher = {
  /** Micro-credits for each account. */
  amount: bigint
  /** Default 1. */
  maxUses?: number | undefined
  /** Default: never. */
  expiry?: Expiry | undefined
  note?: string | undefined
}

/** `code` is shown this once: the store has its SHA-256 alone. @throws {@link BadRequestError} */
export async function createVoucher(
  db: LedgerDb,
  { amount, maxUses = 1, expiry = null, note }: NewVoucher,
  actor: Actor,
): Promise<{ voucher: Voucher; code: string }> {
  if (amount <= 0n || amount > MAX_AMOUNT)
    throw wrong('amount', 'expected more than nothing, and at most a billion credits')
  if (!Number.isInteger(maxUses) || maxUses < 1 || maxUses > MAX_USES)
    throw wrong('max_uses', `expected 1 to ${MAX_USES}`)
  if (note !== undefined && (note.length > MAX_NOTE_CHARS || note.includes('\0'))) {
    throw wrong('note', `expected up to ${MAX_NOTE_CHARS} characters`)
  }
  if (!isPlausible(expiry)) throw wrong('expires_at', 'expected a time to come')
  const code = newVoucherCode()
  return atomically(db, async (tx) => {
    const { rows } = await sql<VoucherRow>`
      insert into vouchers (id, hash, hint, amount, max_uses, note, created_by, expires_at)
      select ${newId('vch')}, ${hashVoucherCode(code)}, ${toVoucherHint(code)}, ${amount}::bigint, ${maxUses}::int,
        ${note ?? null}::text, ${actor.id}, expires_at
      from (select ${toTimestamp(expiry)} as expires_at) as given
      where expires_at is null or expires_at > clock_timestamp()
      returning ${VOUCHER_COLUMNS}`.execute(tx)
    if (rows[0] === undefined) throw wrong('expires_at', 'expected a time to come')
    const voucher = toVoucher(rows[0])
    await appendAudit(tx, {
      actor,
      action: 'voucher.created',
      subject: voucher.id,
      details: { amount, max_uses: maxUses, expires_at: toSeconds(voucher.expiresAtMs), note: voucher.note },
    })
    return { voucher, code }
  })
}

const MAX_AMOUNT = 10n ** 15n
const MAX_USES = 1_000_000
const MAX_NOTE_CHARS = 500

/** Others are beyond what the store can hold. */
function isPlausible(expiry: Expiry): boolean {
  if (expiry === null) return true
  const sec = 'atSec' in expiry ? expiry.atSec : expiry.inSec
  return sec > 0 && sec * 1000 < Date.UTC(9999, 11)
}

const wrong = (param: string, complaint: string) =>
  new BadRequestError(`Invalid '${param}': ${complaint}.`, { param, code: 'invalid_value' })
