import { sql } from 'kysely'
import { HOUSE } from '../ledger/house.ts'
import { type Check, find, findAll } from './findings.ts'

/** I1. */
export const checkTransfers: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from ledger_transfers`,
      wrong: sql`
        select format('transfer %s has %s entries that sum to %s', id, entries, total) as what
        from ledger_transfers left join (
          select transfer_id, count(*) as entries, sum(amount) as total from ledger_entries group by transfer_id
        ) as halves on transfer_id = id
        where entries is distinct from 2 or total is distinct from 0`,
    },
    {
      of: sql`select 1`,
      wrong: sql`
        select format('all entries sum to %s', sum(amount)) as what from ledger_entries having sum(amount) <> 0`,
    },
    {
      of: sql`select 0`,
      wrong: sql`
        select format('%s %s goes from %s to %s', t.kind, ref, debit, credit) as what
        from ledger_transfers t left join unnest(
          ${Object.keys(HOUSE)}::text[], ${Object.values(HOUSE)}::text[]
        ) as house(kind, account) on house.kind = t.kind
        where case
          when t.kind = 'move' then debit_balance is null or credit_balance is null
          when t.kind in ('charge', 'correction') then
            credit <> house.account or debit_balance is null or credit_balance is not null
          else debit <> house.account or debit_balance is not null or credit_balance is null
        end`,
    },
  ])

/**
 * I2. Entries of an account follow one another: each begins where another has ended, one at zero, and the last of them at the
 * account's balance. That is checked without an order, as a server's clock may be set back.
 */
export const checkBalances: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from accounts`,
      wrong: sql`
        select format('account %s has %s, and its entries sum to %s', coalesce(id, account), balance, total) as what
        from accounts full join (
          select account, sum(amount) as total from ledger_entries where balance is not null group by account
        ) as sums on account = id
        where id is null or balance <> coalesce(total, 0)`,
    },
    {
      of: sql`select count(*) from ledger_entries where balance is not null`,
      wrong: sql`
        select format('the entries of account %s do not follow one another at %s', account, balance) as what
        from (
          select account, balance - amount as balance, 1 as times from ledger_entries where balance is not null
          union all select account, balance, -1 from ledger_entries where balance is not null
          union all select id, balance, 1 from accounts
          union all select id, 0, -1 from accounts
        ) as ends group by account, balance having sum(times) <> 0`,
    },
  ])

/** I3, of accounts and of what keys and members of orgs may spend. */
export const checkHeld: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from accounts`,
      wrong: sql`
        select format('account %s holds %s, and its open holds sum to %s', id, held, coalesce(total, 0)) as what
        from accounts left join (
          select account, sum(amount) as total from holds where state = 'open' group by account
        ) as sums on account = id
        where held <> coalesce(total, 0) or held < 0`,
    },
    {
      of: sql`select count(*) from spend_counters`,
      wrong: sql`
        select format('counter %s of %s has %s held and %s spent, and its holds make that %s and %s',
          coalesce(period, holds_period), coalesce(subject, holds_subject), held, spent,
          coalesce(holds_held, 0), coalesce(holds_spent, 0)) as what
        from spend_counters full join (
          select counter->>'subject' as holds_subject, counter->>'period' as holds_period,
            sum(case when state <> 'open' then 0 when counter->>'unit' = 'runs' then 1 else amount end) as holds_held,
            sum(case when counter->>'unit' = 'runs' then 0 else settled end) as holds_spent
          from holds, json_array_elements(counters) as counter group by 1, 2
        ) as sums on subject = holds_subject and period = holds_period
        where case when subject is null then holds_held > 0
          else held <> coalesce(holds_held, 0) or spent <> coalesce(holds_spent, 0) end`,
    },
  ])

/** I4, now and after each entry. */
export const checkAvailable: Check = (tx) =>
  find(tx, {
    of: sql`select (select count(*) from accounts) + (select count(*) from ledger_entries where balance is not null)`,
    wrong: sql`
      select format('account %s has %s and holds %s', id, balance, held) as what from accounts where balance < held
      union all
      select format('account %s had %s after %s %s', account, balance, kind, ref) from ledger_entries where balance < 0`,
  })
