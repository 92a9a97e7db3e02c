import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import type { Actor } from '../actor.ts'
import type { Page, Paged } from '../read-page.ts'

/** A row of the audit log. */
export type AuditEntry = {
  id: string
  atMs: number
  actor: string
  via: Actor['via']
  ip: string | null
  requestId: string | null
  action: string
  subject: string
  orgId: string | null
  details: Readonly<Record<string, unknown>>
}

export type AuditFilter = {
  actor?: string | undefined
  /** `key.created`, or `key` for all that is done to keys. */
  action?: string | undefined
  subject?: string | undefined
  orgId?: string | undefined
}

export type AuditPage = AuditFilter & Page

/** Newest first; undefined where there is no entry `after`. */
export async function listAudit(
  db: Kysely<Tables>,
  { limit, after, actor, action, subject, orgId }: AuditPage,
): Promise<Paged<AuditEntry> | undefined> {
  if (after !== undefined && !UUID.test(after)) return undefined
  const last = sql`select at, id from audit_log where id = ${after}::uuid`
  const filters = [
    ...(after === undefined ? [] : [sql`(at, id) < (${last})`]),
    ...(actor === undefined ? [] : [sql`actor = ${actor}`]),
    ...(action === undefined ? [] : [sql`(action = ${action} or starts_with(action, ${`${action}.`}))`]),
    ...(subject === undefined ? [] : [sql`subject = ${subject}`]),
    ...(orgId === undefined ? [] : [sql`org_id = ${orgId}`]),
  ]
  const { rows } = await sql<Omit<AuditEntry, 'details'> & { details: string }>`
    select id::text as id, ${toMs('at')} as "atMs", actor, via, ip,
      request_id as "requestId", action, subject, org_id as "orgId", details::text as details
    from audit_log
    ${filters.length === 0 ? sql`` : sql`where ${sql.join(filters, sql` and `)}`}
    order by audit_log.at desc, audit_log.id desc limit ${limit + 1}`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  const entries = rows.slice(0, limit).map((row) => ({ ...row, details: JSON.parse(row.details) }))
  return { rows: entries, hasMore: rows.length > limit }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
