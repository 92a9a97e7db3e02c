import { type Kysely, sql } from 'kysely'

export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table runs (
      id text primary key,
      caller text not null,
      route text not null,
      model text not null,
      state text not null default 'queued'
        check (state in ('queued', 'running', 'completed', 'failed', 'cancelled', 'expired')),
      "order" json not null,
      envelope json not null,
      bytes integer not null,
      body_hash text not null,
      has_key boolean not null,
      background boolean not null,
      in_place boolean not null,
      run_timeout_ms integer not null,
      created_at timestamptz not null default clock_timestamp(),
      admitted_at timestamptz,
      added_at timestamptz,
      started_at timestamptz,
      ended_at timestamptz,
      deadline timestamptz not null,
      abandon_at timestamptz,
      fence integer not null default 0,
      attempts integer not null default 0,
      worker text,
      lease_until timestamptz,
      last_seq integer not null default 0,
      steps integer not null default 0,
      usage json not null,
      outcome json,
      webhook json,
      webhook_tries integer not null default 0,
      webhook_at timestamptz,
      constraint ended_with_outcome check ((ended_at is null) = (state in ('queued', 'running'))
        and (ended_at is null) = (outcome is null))
    )`.execute(db)
  await sql`create index runs_of_caller on runs (caller, created_at desc, id desc)`.execute(db)
  await sql`create index runs_open on runs (caller, created_at) where ended_at is null`.execute(db)
  await sql`create index runs_ended on runs (ended_at) include (state) where ended_at is not null`.execute(db)
  await sql`create index runs_webhook on runs (webhook_at) where webhook_at is not null`.execute(db)
  await sql`
    create table run_events (
      run_id text not null references runs on delete cascade,
      seq integer not null,
      at timestamptz not null default clock_timestamp(),
      note json not null,
      primary key (run_id, seq)
    )`.execute(db)
  await sql`
    create table run_steps (
      run_id text not null references runs on delete cascade,
      step integer not null,
      events json not null,
      primary key (run_id, step)
    )`.execute(db)
  await sql`
    create table run_tools (
      run_id text not null references runs on delete cascade,
      step integer not null,
      call_id text not null,
      seq integer not null,
      record json not null,
      primary key (run_id, step, call_id)
    )`.execute(db)
  await sql`
    create table run_jobs (
      run_id text not null,
      step integer not null,
      model text not null,
      job json not null,
      tries integer not null default 0,
      try_at timestamptz,
      primary key (run_id, step)
    )`.execute(db)
  await sql`
    create table idempotency_keys (
      caller text not null,
      route text not null,
      key text not null,
      body_hash text not null,
      run_id text not null references runs on delete cascade,
      created_at timestamptz not null default clock_timestamp(),
      primary key (caller, route, key)
    )`.execute(db)
  await sql`create index idempotency_keys_of_run on idempotency_keys (run_id)`.execute(db)
  await sql`
    create table kept (
      kind text not null,
      caller text not null,
      id text not null,
      value text not null,
      expires_at timestamptz not null,
      primary key (kind, caller, id)
    )`.execute(db)
  await sql`create index kept_expires on kept (expires_at)`.execute(db)
  await sql`
    create table leases (
      name text primary key,
      holder text not null,
      until timestamptz not null
    )`.execute(db)
}
