import { toWireAuditEntry, type WireAuditEntry } from '../../src/http/wire-audit-entry.ts'
import { expectPage } from '../../src/http/wire-page.ts'
import type { Command } from './command.ts'
import { PAGE_OPTIONS, pageOf, toPage } from './paging.ts'
import { type Column, toTime } from './table.ts'

export const audit: Command = {
  name: 'audit',
  takes: [],
  says: 'who changed what, newest first',
  options: {
    actor: { takes: 'id', says: 'by whom: an account, key_…, admin, gateway' },
    action: { takes: 'key.created', says: "what: 'key' for all that is done to keys" },
    subject: { takes: 'id', says: 'to what: key_…, org_…, an account, model:operator' },
    org: { takes: 'slug', says: 'in which org' },
    ...PAGE_OPTIONS,
  },
  async run(desk, input) {
    const page = pageOf(input)
    const [actor, action, subject, org] = ['actor', 'action', 'subject', 'org'].map(input.text)
    return toPage(
      COLUMNS,
      expectPage(await desk.listAudit({ ...page, actor, action, subject, org }), page.after),
      toWireAuditEntry,
    )
  },
}

const COLUMNS: readonly Column<WireAuditEntry>[] = [
  { title: 'at', of: ({ created_at }) => toTime(created_at) },
  { title: 'who', of: ({ actor, via }) => `${actor} (${via})` },
  { title: 'from', of: ({ ip }) => ip },
  { title: 'action', of: ({ action }) => action },
  { title: 'subject', of: ({ subject }) => subject },
  { title: 'details', of: ({ details }) => toText(details) },
]

const toText = (details: WireAuditEntry['details']) =>
  Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
