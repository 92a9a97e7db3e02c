import { type Kysely, sql } from 'kysely'

/**
 * Amounts are micro-credits. A transfer takes from one account and gives to another, so that its two entries sum to zero by
 * construction. Those of the house have no row in `accounts`: every charge gives to the same one, and would wait for its lock.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table accounts (
      id text primary key,
      kind text not null check (kind in ('wallet', 'org', 'account')),
      name text,
      balance bigint not null default 0,
      held bigint not null default 0,
      created_at timestamptz not null default clock_timestamp(),
      constraint held_not_negative check (held >= 0),
      constraint available_not_negative check (balance >= held)
    )`.execute(db)
  await sql`
    create table ledger_transfers (
      id uuid primary key default gen_random_uuid(),
      kind text not null check (kind in ('charge', 'grant', 'voucher', 'x402', 'deposit', 'move', 'correction')),
      ref text not null,
      debit text not null,
      credit text not null,
      amount bigint not null constraint amount_positive check (amount > 0),
      debit_balance bigint,
      credit_balance bigint,
      note text,
      at timestamptz not null default clock_timestamp(),
      constraint two_accounts check (debit <> credit),
      constraint once_per_ref unique (kind, ref)
    )`.execute(db)
  await sql`create index ledger_transfers_of_debit on ledger_transfers (debit, at desc, id desc)`.execute(db)
  await sql`create index ledger_transfers_of_credit on ledger_transfers (credit, at desc, id desc)`.execute(db)
  await sql`
    create view ledger_entries as
      select id as transfer_id, debit as account, -amount as amount, debit_balance as balance, kind, ref, note, at
        from ledger_transfers
      union all
      select id, credit, amount, credit_balance, kind, ref, note, at from ledger_transfers`.execute(db)
  await sql`
    create table holds (
      run_id text primary key,
      account text not null references accounts,
      amount bigint not null check (amount >= 0),
      state text not null default 'open' check (state in ('open', 'settled', 'released', 'expired')),
      settled bigint not null default 0,
      caller text not null,
      key_id text,
      org_id text,
      model text not null,
      terms json not null,
      counters json not null,
      created_at timestamptz not null default clock_timestamp(),
      deadline timestamptz not null,
      closed_at timestamptz,
      constraint closed_at_end check ((state = 'open') = (closed_at is null)),
      constraint settled_within_hold check (settled between 0 and amount),
      constraint only_settled_is_charged check (settled = 0 or state = 'settled')
    )`.execute(db)
  await sql`create index holds_open on holds (deadline) where state = 'open'`.execute(db)
  await sql`create index holds_open_of_account on holds (account) where state = 'open'`.execute(db)
  await sql`
    create table spend_counters (
      subject text not null,
      period text not null,
      spent bigint not null default 0 check (spent >= 0),
      held bigint not null default 0 check (held >= 0),
      until timestamptz,
      primary key (subject, period)
    )`.execute(db)
  await sql`
    create table run_usage (
      run_id text primary key,
      account text,
      caller text not null,
      key_id text,
      org_id text,
      model text not null,
      outcome text not null check (outcome in ('completed', 'failed', 'cancelled', 'left')),
      steps integer not null,
      prompt_tokens bigint not null,
      cached_tokens bigint not null,
      completion_tokens bigint not null,
      tools json not null,
      amount bigint not null check (amount >= 0),
      written_off bigint not null check (written_off >= 0),
      is_estimated boolean not null,
      at timestamptz not null default clock_timestamp()
    )`.execute(db)
  await sql`create index run_usage_of_caller on run_usage (caller, at)`.execute(db)
  await sql`create index run_usage_of_account on run_usage (account, at)`.execute(db)
  await sql`create index run_usage_of_org on run_usage (org_id, at) where org_id is not null`.execute(db)
  await sql`create index run_usage_by_time on run_usage (at)`.execute(db)
  await sql`
    create function refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'rows of % are never changed', tg_table_name using errcode = 'integrity_constraint_violation';
    end $$`.execute(db)
  for (const table of ['ledger_transfers', 'run_usage']) {
    await sql`
      create trigger append_only before update or delete on ${sql.table(table)}
      for each row execute function refuse_change()`.execute(db)
  }
  await sql`
    create trigger closed_holds_stay before update or delete on holds
    for each row when (old.state <> 'open') execute function refuse_change()`.execute(db)
  await sql`
    create trigger open_holds_stay before delete on holds
    for each row execute function refuse_change()`.execute(db)
  for (const table of ['ledger_transfers', 'run_usage', 'holds']) {
    await sql`
      create trigger never_emptied before truncate on ${sql.table(table)}
      for each statement execute function refuse_change()`.execute(db)
  }
}
