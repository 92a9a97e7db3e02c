import type { Kysely } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { toCreditText } from '../credits.ts'

/**
 * One change. `details` are shown as they stand here, so their names are those of the wire, and a bigint in them is an amount of
 * micro-credits. They hold no secret: they are kept for ever.
 */
export type AuditRow = {
  actor: Actor
  /** `key.created`, `member.role_changed`, `price.changed`, … */
  action: string
  /** What was changed: `key_…`, `org_…`, an account, a model. */
  subject: string
  orgId?: string | undefined
  details?: Readonly<Record<string, unknown>>
}

/** To be called in the transaction of the change itself. */
export async function appendAudit(
  tx: Kysely<Tables>,
  { actor, action, subject, orgId, details = {} }: AuditRow,
): Promise<void> {
  await tx
    .insertInto('audit_log')
    .values({
      actor: actor.id,
      via: actor.via,
      ip: actor.ip ?? null,
      request_id: actor.requestId ?? null,
      action,
      subject,
      org_id: orgId ?? null,
      details: JSON.stringify(details, (_, value: unknown) =>
        typeof value === 'bigint' ? toCreditText(value) : value,
      ),
    })
    .execute()
}
