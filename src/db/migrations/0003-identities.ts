import { type Kysely, sql } from 'kysely'

/** Of a secret only its SHA-256 is here, in hex. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table orgs (
      id text primary key references accounts,
      slug text not null unique,
      name text not null,
      created_at timestamptz not null default clock_timestamp(),
      closed_at timestamptz
    )`.execute(db)
  await sql`
    create table org_members (
      org_id text not null references orgs,
      account text not null references accounts,
      role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
      credits_per_day bigint check (credits_per_day >= 0),
      credits_per_month bigint check (credits_per_month >= 0),
      added_at timestamptz not null default clock_timestamp(),
      primary key (org_id, account)
    )`.execute(db)
  await sql`create index org_members_of_account on org_members (account)`.execute(db)
  await sql`
    create table org_invitations (
      id text primary key,
      org_id text not null references orgs,
      hash text not null unique,
      role text not null check (role in ('owner', 'admin', 'member', 'viewer')),
      wallet text,
      credits_per_day bigint,
      credits_per_month bigint,
      created_by text not null,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null,
      revoked_at timestamptz,
      accepted_at timestamptz,
      accepted_by text
    )`.execute(db)
  await sql`create index org_invitations_of_org on org_invitations (org_id)`.execute(db)
  await sql`
    create table api_keys (
      id text primary key,
      hash text not null unique,
      hint text not null,
      name text not null,
      account text not null references accounts,
      org_id text references orgs,
      org_mode text not null default 'strict' check (org_mode in ('strict', 'fallback')),
      scopes json not null,
      created_by text not null,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz,
      revoked_at timestamptz,
      replaced_by text,
      counts_as text,
      last_used_at timestamptz
    )`.execute(db)
  await sql`create index api_keys_of_account on api_keys (account)`.execute(db)
  await sql`create index api_keys_of_org on api_keys (org_id) where org_id is not null`.execute(db)
  await sql`
    create table sessions (
      hash text primary key,
      wallet text not null references accounts,
      chain_id integer not null,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null,
      revoked_at timestamptz
    )`.execute(db)
  await sql`create index sessions_expire on sessions (expires_at)`.execute(db)
  await sql`
    create table sign_in_nonces (
      nonce text primary key,
      created_at timestamptz not null default clock_timestamp(),
      expires_at timestamptz not null
    )`.execute(db)
  await sql`create index sign_in_nonces_expire on sign_in_nonces (expires_at)`.execute(db)
  await sql`
    create table audit_log (
      id uuid primary key default gen_random_uuid(),
      at timestamptz not null default clock_timestamp(),
      actor text not null,
      via text not null check (via in ('api', 'cli', 'gateway')),
      ip text,
      request_id text,
      action text not null,
      subject text not null,
      org_id text,
      details json not null
    )`.execute(db)
  await sql`create index audit_log_by_time on audit_log (at desc, id desc)`.execute(db)
  await sql`create index audit_log_of_subject on audit_log (subject, at desc)`.execute(db)
  await sql`create index audit_log_of_org on audit_log (org_id, at desc) where org_id is not null`.execute(db)
  await sql`
    create trigger append_only before update or delete on audit_log
    for each row execute function refuse_change()`.execute(db)
  await sql`
    create trigger never_emptied before truncate on audit_log
    for each statement execute function refuse_change()`.execute(db)
}
