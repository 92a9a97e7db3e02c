import { toWireAuditEntry, type WireAuditEntry } from '../../src/http/wire-audit-entry.ts'
import { listCommand } from './list-command.ts'
import { toTime } from './table.ts'

export const audit = listCommand({
  name: 'audit',
  says: 'who changed what, newest first',
  options: {
    actor: { takes: 'id', says: 'by whom: an account, key_…, admin, gateway' },
    action: { takes: 'key.created', says: "what: 'key' for all that is done to keys" },
    subject: { takes: 'id', says: 'to what: key_…, org_…, an account, model:operator' },
    org: { takes: 'slug', says: 'in which org' },
  },
  columns: [
    { title: 'at', of: ({ created_at }) => toTime(created_at) },
    { title: 'who', of: ({ actor, via }) => `${actor} (${via})` },
    { title: 'from', of: ({ ip }) => ip },
    { title: 'action', of: ({ action }) => action },
    { title: 'subject', of: ({ subject }) => subject },
    { title: 'details', of: ({ details }) => toText(details) },
  ],
  toRow: toWireAuditEntry,
  read(desk, page, input) {
    const [actor, action, subject, org] = ['actor', 'action', 'subject', 'org'].map(input.text)
    return desk.listAudit({ ...page, actor, action, subject, org })
  },
})

function toText(details: WireAuditEntry['details']): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
