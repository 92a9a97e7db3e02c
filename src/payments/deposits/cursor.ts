import { type Kysely, sql } from 'kysely'
import type { Hex } from 'viem'
import type { Tables } from '../../db/schema.ts'
import type { DepositPlace } from './deposit.ts'

/** What has been looked at: all blocks before `nextBlock`, the last of which had this hash. */
export type Cursor = { nextBlock: bigint; lastHash: Hex }

/** `isDue`: this process is the one to look now. Undefined where nobody has looked yet. */
export async function claimCursor(
  db: Kysely<Tables>,
  { chainId, token, treasury }: DepositPlace,
  everyMs: number,
): Promise<(Cursor & { isDue: boolean }) | undefined> {
  const { rows } = await sql<{ next_block: string; last_hash: Hex; is_due: boolean }>`
    with due as (
      update deposit_cursors set updated_at = clock_timestamp()
      where chain_id = ${chainId} and token = ${token} and treasury = ${treasury}
        and updated_at <= clock_timestamp() - ${everyMs}::float8 * interval '1 ms'
      returning true
    )
    select next_block::text, last_hash, exists (select from due) as is_due from deposit_cursors
    where chain_id = ${chainId} and token = ${token} and treasury = ${treasury}`.execute(db)
  const [row] = rows
  return row && { nextBlock: BigInt(row.next_block), lastHash: row.last_hash, isDue: row.is_due }
}

/** Where nobody has yet. */
export async function beginCursor(
  db: Kysely<Tables>,
  { chainId, token, treasury }: DepositPlace,
  { nextBlock, lastHash }: Cursor,
): Promise<void> {
  await sql`
    insert into deposit_cursors (chain_id, token, treasury, next_block, last_hash)
    values (${chainId}, ${token}, ${treasury}, ${nextBlock}, ${lastHash})
    on conflict do nothing`.execute(db)
}

/** False where another process has moved it. In a transaction, nobody else can until its end. */
export async function moveCursor(
  tx: Kysely<Tables>,
  { chainId, token, treasury }: DepositPlace,
  from: Cursor,
  to: Cursor,
): Promise<boolean> {
  const { rows } = await sql`
    update deposit_cursors
    set next_block = ${to.nextBlock}, last_hash = ${to.lastHash}, updated_at = clock_timestamp()
    where chain_id = ${chainId} and token = ${token} and treasury = ${treasury}
      and next_block = ${from.nextBlock} and last_hash = ${from.lastHash}
    returning true`.execute(tx)
  return rows.length > 0
}
