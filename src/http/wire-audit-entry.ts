import type { AuditEntry } from '../accounts/audit/list-audit.ts'
import { toSeconds } from '../to-seconds.ts'

export type WireAuditEntry = {
  id: string
  object: 'audit_entry'
  created_at: number
  actor: string
  via: AuditEntry['via']
  ip: string | null
  request_id: string | null
  action: string
  subject: string
  org_id: string | null
  details: AuditEntry['details']
}

export function toWireAuditEntry(entry: AuditEntry): WireAuditEntry {
  const { id, atMs, actor, via, ip, requestId, action, subject, orgId, details } = entry
  return {
    id,
    object: 'audit_entry',
    created_at: toSeconds(atMs),
    actor,
    via,
    ip,
    request_id: requestId,
    action,
    subject,
    org_id: orgId,
    details,
  }
}
