import { sql } from 'kysely'
import { GatewayError } from '../../errors.ts'
import { InsufficientCreditsError } from '../insufficient-credits-error.ts'
import type { Move, Posting, TopUp } from '../ledger.ts'
import { HOUSE } from './house.ts'
import { atomically, type LedgerDb } from './ledger-db.ts'

/** At most once for a kind and ref: the second time it tells the first. @throws 404 `account_not_found`. */
export function topUp(db: LedgerDb, { kind, ref, account, amount, note }: TopUp): Promise<Posting> {
  return atomically(db, async (tx) => {
    const balance = await lockBalance(tx, account)
    const known = await findPosting(tx, { kind, ref, account })
    if (known !== undefined) return known
    if (balance === undefined) throw accountNotFound(account)
    const { rows } = await sql<{ id: string; balance: string }>`
      with filled as (
        update accounts set balance = balance + ${amount}::bigint where id = ${account} returning balance
      )
      insert into ledger_transfers (kind, ref, debit, credit, amount, credit_balance, note)
      select ${kind}, ${ref}, ${HOUSE[kind]}, ${account}, ${amount}::bigint, balance, ${note ?? null}::text from filled
      returning id, credit_balance::text as balance`.execute(tx)
    return toPosting(rows[0], amount)
  })
}

/** @throws {@link InsufficientCreditsError}; 404 `account_not_found`. */
export function moveCredits(db: LedgerDb, { kind, ref, from, to, amount, note }: Move): Promise<Posting> {
  return atomically(db, async (tx) => {
    for (const account of [from, to].sort()) await lockBalance(tx, account)
    const known = await findPosting(tx, { kind, ref, account: from })
    if (known !== undefined) return known
    const giver = await lockBalance(tx, from)
    const isToHouse = to === HOUSE.correction
    if (giver === undefined || (!isToHouse && (await lockBalance(tx, to)) === undefined)) {
      throw accountNotFound(giver === undefined ? from : to)
    }
    if (giver.available < amount) {
      throw new InsufficientCreditsError({ needed: amount, available: giver.available, account: from, hint: '' })
    }
    const { rows } = await sql<{ id: string; balance: string }>`
      with given as (
        update accounts set balance = balance - ${amount}::bigint where id = ${from} returning balance
      ), got as (
        update accounts set balance = balance + ${amount}::bigint where id = ${to} returning balance
      )
      insert into ledger_transfers (kind, ref, debit, credit, amount, debit_balance, credit_balance, note)
      select ${kind}, ${ref}, ${from}, ${to}, ${amount}::bigint, given.balance, (select balance from got), ${note ?? null}::text
      from given
      returning id, debit_balance::text as balance`.execute(tx)
    return toPosting(rows[0], amount)
  })
}

async function lockBalance(tx: LedgerDb, account: string): Promise<{ available: bigint } | undefined> {
  const { rows } = await sql<{ available: string }>`
    select (balance - held)::text as available from accounts where id = ${account} for update`.execute(tx)
  return rows[0] && { available: BigInt(rows[0].available) }
}

type PostingRow = { id: string; balance: string }

async function findPosting(
  tx: LedgerDb,
  { kind, ref, account }: { kind: string; ref: string; account: string },
): Promise<Posting | undefined> {
  const { rows } = await sql<PostingRow & { amount: string }>`
    select id, amount::text, coalesce(case ${account} when debit then debit_balance else credit_balance end, 0)::text as balance
    from ledger_transfers where kind = ${kind} and ref = ${ref}`.execute(tx)
  const [row] = rows
  return row && { isNew: false, id: row.id, amount: BigInt(row.amount), balance: BigInt(row.balance) }
}

function toPosting(row: PostingRow | undefined, amount: bigint): Posting {
  if (row === undefined) throw new Error('a transfer was not posted')
  return { isNew: true, id: row.id, amount, balance: BigInt(row.balance) }
}

function accountNotFound(account: string): GatewayError {
  return new GatewayError(`There is no account '${account.slice(0, 64)}'.`, { status: 404, code: 'account_not_found' })
}
