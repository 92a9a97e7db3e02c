import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../src/db/schema.ts'
import { DEPOSIT_CHAIN_ID, type SentDeposit } from './deposit-chain.ts'
import type { Note } from './note.ts'

/** @returns what of a chain's deposits was not credited once and in full, and what was told of them that is not so. */
export async function judgeDeposits(
  db: Kysely<Tables>,
  sent: readonly SentDeposit[],
  notes: readonly Note[],
): Promise<string[]> {
  const { rows } = await sql<{ ref: string; credit: string; amount: string }>`
    select ref, credit, amount::text from ledger_transfers where kind = 'deposit'`.execute(db)
  const expected = sent.map(({ txHash, logIndex, sender, amount }) =>
    toLine(`${DEPOSIT_CHAIN_ID}:${txHash}:${logIndex}`, sender, String(amount)),
  )
  const credited = rows.map(({ ref, credit, amount }) => toLine(ref, credit, amount))
  const told = notes.flatMap((note) => (note.act === 'credited' ? [note.txHash] : []))
  const made = sent.map(({ txHash }) => txHash)
  return [
    ...without(expected, credited).map((line) => `deposit ${line} was not credited`),
    ...without(credited, expected).map((line) => `deposit ${line} was credited, and not made`),
    ...without(told, made).map((txHash) => `deposit ${txHash} was told of too often`),
  ]
}

const toLine = (ref: string, account: string, amount: string) => `${ref} of ${amount} by ${account}`

/** What of `list` is left when each of `others` takes away one. */
function without(list: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>()
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1)
  return list.filter((item) => {
    const count = left.get(item) ?? 0
    left.set(item, count - 1)
    return count <= 0
  })
}
