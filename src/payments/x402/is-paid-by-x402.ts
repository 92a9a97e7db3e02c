import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

/** Whether a transfer of USDC was credited as a payment, and is no deposit therefore. Under `lockTransaction`. */
export async function isPaidByX402(
  tx: Kysely<Tables>,
  transfer: { chainId: number; txHash: string; sender: string; rawAmount: bigint },
): Promise<boolean> {
  const { rows } = await sql`
    select from x402_payments
    where network = ${`eip155:${transfer.chainId}`} and tx_hash = ${transfer.txHash} and payer = ${transfer.sender}
      and raw_amount = ${transfer.rawAmount}::numeric and state = 'settled'`.execute(tx)
  return rows.length > 0
}
