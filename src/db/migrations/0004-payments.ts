import { type Kysely, sql } from 'kysely'

/** Raw amounts are in the token's smallest unit, credits in micro-credits. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table vouchers (
      id text primary key,
      hash text not null unique,
      hint text not null,
      amount bigint not null check (amount > 0),
      max_uses integer not null check (max_uses > 0),
      uses integer not null default 0,
      note text,
      created_by text not null,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz,
      revoked_at timestamptz,
      constraint uses_within_max check (uses between 0 and max_uses)
    )`.execute(db)
  await sql`
    create table deposits (
      chain_id integer not null,
      tx_hash text not null,
      log_index integer not null,
      block_number bigint not null,
      block_hash text not null,
      token text not null,
      sender text not null,
      raw_amount numeric(78, 0) not null check (raw_amount > 0),
      account text not null references accounts,
      amount bigint not null,
      credited_at timestamptz not null default clock_timestamp(),
      primary key (chain_id, tx_hash, log_index)
    )`.execute(db)
  await sql`create index deposits_of_account on deposits (account)`.execute(db)
  await sql`
    create table deposit_cursors (
      chain_id integer not null,
      token text not null,
      treasury text not null,
      next_block bigint not null,
      last_hash text not null,
      updated_at timestamptz not null default clock_timestamp(),
      primary key (chain_id, token, treasury)
    )`.execute(db)
  await sql`
    create table x402_payments (
      network text not null,
      asset text not null,
      payer text not null,
      nonce text not null,
      pay_to text not null,
      raw_amount numeric(78, 0) not null check (raw_amount > 0),
      account text not null references accounts,
      state text not null check (state in ('pending', 'settled', 'failed')),
      payload json,
      tx_hash text,
      reason text,
      created_at timestamptz not null default clock_timestamp(),
      try_at timestamptz not null,
      ended_at timestamptz,
      primary key (network, asset, payer, nonce),
      constraint payload_while_pending check ((state = 'pending') = (payload is not null)),
      constraint settled_by_transaction check ((state = 'settled') = (tx_hash is not null)),
      constraint once_per_transaction unique (network, tx_hash)
    )`.execute(db)
  await sql`create index x402_payments_pending on x402_payments (try_at) where state = 'pending'`.execute(db)
}
