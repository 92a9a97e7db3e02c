import { sql } from 'kysely'
import { type Check, findAll } from './findings.ts'

/** Where something of what is written here could be lost, all of it would be in doubt. */
const TABLES = [
  'accounts',
  'ledger_transfers',
  'holds',
  'spend_counters',
  'run_usage',
  'deposits',
  'x402_payments',
  'vouchers',
]

/** I7: as this connection writes. */
export const checkDurability: Check = async (tx) => {
  const findings = await findAll(tx, [
    {
      of: sql`select 4`,
      wrong: sql`
        select format('%s is %s: a loss of power can take what was acknowledged', name, setting) as what
        from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'
        union all
        select 'this server is a standby, and may be behind' where pg_is_in_recovery()`,
    },
    {
      of: sql`select count(*) from unnest(${TABLES}::text[])`,
      wrong: sql`
        select format('table %s is %s', name, case relpersistence when 'u' then 'unlogged: a crash empties it' else 'gone' end) as what
        from unnest(${TABLES}::text[]) as name left join pg_class on oid = to_regclass(name)
        where relpersistence is distinct from 'p'`,
    },
  ])
  const { rows } = await sql<{ on: boolean }>`select current_setting('data_checksums') = 'on' as "on"`.execute(tx)
  return rows[0]?.on === true ? findings : { ...findings, note: 'The server has no data checksums.' }
}

const TRIGGERS = {
  ledger_transfers: 'append_only',
  run_usage: 'append_only',
  audit_log: 'append_only',
  holds: 'closed_holds_stay',
} as const

const CONSTRAINTS = [
  ['accounts', 'held_not_negative'],
  ['accounts', 'available_not_negative'],
  ['ledger_transfers', 'amount_positive'],
  ['ledger_transfers', 'two_accounts'],
  ['ledger_transfers', 'once_per_ref'],
  ['holds', 'holds_pkey'],
  ['holds', 'closed_at_end'],
  ['holds', 'settled_within_hold'],
  ['holds', 'only_settled_is_charged'],
  ['run_usage', 'run_usage_pkey'],
  ['deposits', 'deposits_pkey'],
  ['x402_payments', 'x402_payments_pkey'],
  ['vouchers', 'uses_within_max'],
] as const

/** `for each row`, `before`, `update` and `delete`, of https://www.postgresql.org/docs/18/catalog-pg-trigger.html. */
const ROW_BEFORE_CHANGE = 1 + 2 + 8 + 16

/** I8: rows do not tell whether they were changed. The guards that refuse it do whether they are there. */
export const checkGuards: Check = (tx) =>
  findAll(tx, [
    {
      of: sql`select count(*) from unnest(${Object.keys(TRIGGERS)}::text[])`,
      wrong: sql`
        select format('rows of %s can be changed: trigger %s is gone, off, or does not refuse', guarded.name, guard) as what
        from unnest(${Object.keys(TRIGGERS)}::text[], ${Object.values(TRIGGERS)}::text[]) as guarded(name, guard)
        where not exists (
          select from pg_trigger join pg_proc on pg_proc.oid = tgfoid
          where tgrelid = to_regclass(guarded.name) and tgname = guard and tgenabled in ('O', 'A')
            and tgtype & ${ROW_BEFORE_CHANGE}::int = ${ROW_BEFORE_CHANGE}::int and prosrc ~ 'raise exception'
        )`,
    },
    {
      of: sql`select 1`,
      wrong: sql`
        select 'this connection leaves triggers out' as what where current_setting('session_replication_role') = 'replica'`,
    },
    {
      of: sql`select count(*) from unnest(${CONSTRAINTS.map(([table]) => table)}::text[])`,
      wrong: sql`
        select format('constraint %s of %s is gone, or was never tried on all rows', constraint_name, table_name) as what
        from unnest(
          ${CONSTRAINTS.map(([table]) => table)}::text[], ${CONSTRAINTS.map(([, name]) => name)}::text[]
        ) as expected(table_name, constraint_name)
        where not exists (
          select from pg_constraint
          where conrelid = to_regclass(table_name) and conname = constraint_name and convalidated
        )`,
    },
  ])
