import { z } from 'zod'
import type { Tables } from '../schema.ts'

/**
 * A store as one file: gzipped lines of JSON. First {@link FileHead}; for each table {@link TableHead}, then its rows, each a
 * list of the columns' values as Postgres writes them; {@link FileEnd} last, without which the file is not whole.
 */
export const FileHead = z.object({
  format: z.literal('groundwire-store'),
  version: z.literal(1),
  /** The newest one that the tables had. */
  migration: z.string(),
  exportedAt: z.string(),
})
export const TableHead = z.object({
  table: z.string(),
  columns: z.array(z.string().regex(/^[a-z_][a-z0-9_]*$/)).min(1),
})
export const Row = z.array(z.string().nullable())
export const FileEnd = z.object({ rows: z.record(z.string(), z.int()) })

export type FileHead = z.infer<typeof FileHead>
export type TableHead = z.infer<typeof TableHead>
export type Row = z.infer<typeof Row>
export type FileEnd = z.infer<typeof FileEnd>

/** Rows by table. */
export type Counts = Record<string, number>

/** Each after those it refers to. Leases, sessions, nonces and rates are left out: whoever holds them does not move along. */
export const STORED_TABLES = [
  ...(['runs', 'run_events', 'run_steps', 'run_tools', 'run_jobs', 'idempotency_keys', 'kept'] as const),
  ...(['accounts', 'ledger_transfers', 'holds', 'spend_counters', 'run_usage'] as const),
  ...(['orgs', 'org_members', 'org_invitations', 'api_keys', 'audit_log'] as const),
  ...(['vouchers', 'deposits', 'deposit_cursors', 'x402_payments'] as const),
] satisfies (keyof Tables)[]

/** Left out. */
export const UNSTORED_TABLES = [
  'leases',
  'sessions',
  'sign_in_nonces',
  'rate_limits',
] as const satisfies (keyof Tables)[]

/** What Postgres writes must not depend on its settings. */
export const PLAIN_SETTINGS = `set local timezone = 'UTC'; set local datestyle = 'ISO'; set local client_encoding = 'UTF8'`
