import { type RawBuilder, sql } from 'kysely'
import { type Check, findAll } from './findings.ts'

/** I14: what was paid, and what was credited for it, are the same. */
export const checkPayments: Check = (tx) =>
  findAll(tx, [
    paid('deposit', sql`select concat_ws(':', chain_id, tx_hash, log_index) as ref, account, amount from deposits`),
    {
      of: sql`select 0`,
      wrong: sql`
        select format('deposit %s:%s:%s is of block %s, and blocks are final below %s', chain_id, tx_hash, log_index,
          block_number, next_block) as what
        from deposits left join (
          select chain_id, token, max(next_block) as next_block from deposit_cursors group by chain_id, token
        ) as cursors using (chain_id, token)
        where next_block is null or block_number >= next_block`,
    },
    paid(
      'x402',
      sql`
        select concat_ws(':', network, asset, payer, nonce) as ref, account, raw_amount as amount
        from x402_payments where state = 'settled'`,
    ),
    {
      of: sql`select count(*) from vouchers`,
      wrong: sql`
        select format('voucher %s was used %s times, and %s accounts were credited', coalesce(vouchers.id, voucher), uses, times) as what
        from vouchers full join (
          select split_part(ref, ':', 1) as voucher, count(*) as times, min(amount) as least, max(amount) as most,
            bool_and(split_part(ref, ':', 2) = credit) as is_named
          from ledger_transfers where kind = 'voucher' group by 1
        ) as used on vouchers.id = voucher
        where vouchers.id is null or uses <> coalesce(times, 0) or least <> vouchers.amount or most <> vouchers.amount
          or not is_named`,
    },
  ])

/** @param payments - ref, account and amount of each. */
function paid(kind: 'deposit' | 'x402', payments: RawBuilder<unknown>) {
  return {
    of: sql`select count(*) from (${payments}) as payments`,
    wrong: sql`
      select format('%s %s is %s for %s, and %s was credited to %s', ${kind}::text, coalesce(paid.ref, credited.ref),
        coalesce(paid.amount, 0), coalesce(paid.account, 'nobody'), coalesce(credited.amount, 0),
        coalesce(credited.credit, 'nobody')) as what
      from (${payments}) as paid full join (
        select ref, credit, amount from ledger_transfers where kind = ${kind}
      ) as credited on credited.ref = paid.ref
      where (paid.ref, paid.account, paid.amount) is distinct from (credited.ref, credited.credit, credited.amount)`,
  }
}
