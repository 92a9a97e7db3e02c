import { sql } from 'kysely'
import { type Check, find, findAll } from './findings.ts'

/** I5. What a run is charged, and the row of its usage, come from its one hold. */
export const checkResolutions: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from holds where state <> 'open'`,
      wrong: sql`
        select format('run %s has %s holds', run_id, count(*)) as what from holds group by run_id having count(*) > 1
        union all
        select format('run %s is charged %s times', ref, count(*)) from ledger_transfers where kind = 'charge'
        group by ref having count(*) > 1`,
    },
    {
      of: sql`select count(*) from ledger_transfers where kind = 'charge'`,
      wrong: sql`
        select format('run %s was charged %s, and its hold is %s with %s settled', coalesce(run_id, ref), charge.amount,
          coalesce(state, 'not there'), settled) as what
        from holds full join (
          select ref, debit, amount from ledger_transfers where kind = 'charge'
        ) as charge on ref = run_id
        where case
          when run_id is null then true
          when ref is null then settled > 0
          else state <> 'settled' or settled <> charge.amount or account <> debit
        end`,
    },
    {
      of: sql`select count(*) from run_usage where account is not null`,
      wrong: sql`
        select format('run %s has a bill though its hold is %s', run_usage.run_id, coalesce(state, 'not there')) as what
        from run_usage left join holds on holds.run_id = run_usage.run_id
        where run_usage.account is not null
          and (state is null or state not in ('settled', 'released') or holds.account <> run_usage.account)
        union all
        select format('run %s is %s and has no bill', holds.run_id, state)
        from holds left join run_usage on run_usage.run_id = holds.run_id
        where state in ('settled', 'released') and run_usage.run_id is null`,
    },
  ])

/** I6. */
export const checkSettled: Check = (tx) =>
  find(tx, {
    of: sql`select count(*) from holds`,
    wrong: sql`
      select format('run %s was charged %s of the %s it held', run_id, settled, amount) as what
      from holds where settled > amount or settled < 0`,
  })

/** I9, by the store's clock when the look began: what it sees is of that moment. */
export const checkOverdue: Check = (tx) =>
  find(tx, {
    of: sql`select count(*) from holds where state = 'open'`,
    wrong: sql`
      select format('run %s holds %s of account %s since %s, to be closed by %s', run_id, amount, account,
        to_char(created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS'),
        to_char(deadline at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS')) as what
      from holds where state = 'open' and deadline < transaction_timestamp() - interval '2 minutes'`,
  })
