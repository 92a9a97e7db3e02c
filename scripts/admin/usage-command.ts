import {
  ADMIN_USAGE_GROUPS,
  parseUsageOrder,
  toWireAdminUsage,
  type WireAdminUsage,
} from '../../src/http/admin/usage.ts'
import type { Command } from './command.ts'
import { type Column, toTable } from './table.ts'

export const usage: Command = {
  name: 'usage',
  takes: [],
  says: 'what all runs did, and what was charged for them',
  options: {
    by: { takes: ADMIN_USAGE_GROUPS.join('|'), says: 'summed up by this, model where unset' },
    from: { takes: '2026-11-01', says: 'the first day, in UTC; 29 days before the last where unset' },
    to: { takes: '2026-11-30', says: 'the last day; today where unset' },
  },
  async run(desk, input) {
    const [from, to] = ['from', 'to'].map(input.text)
    const { by, ...order } = parseUsageOrder({ by: input.oneOf('by', ADMIN_USAGE_GROUPS), from, to })
    const totals = toWireAdminUsage(by, await desk.usage(order))
    const rows = [...totals.data, { ...totals.total, group: 'all' }]
    return { json: totals, text: `${totals.from} to ${totals.to}\n\n${toTable(columnsOf(by), rows)}` }
  },
}

function columnsOf(by: WireAdminUsage['by']): readonly Column<WireAdminUsage['data'][number]>[] {
  return [
    { title: by, of: ({ group }) => group },
    { title: 'runs', of: ({ runs }) => runs, isNumber: true },
    { title: 'prompt', of: ({ prompt_tokens }) => prompt_tokens, isNumber: true },
    { title: 'cached', of: ({ cached_tokens }) => cached_tokens, isNumber: true },
    { title: 'completion', of: ({ completion_tokens }) => completion_tokens, isNumber: true },
    { title: 'tool calls', of: ({ tool_calls }) => tool_calls, isNumber: true },
    { title: 'charged', of: ({ charged }) => charged, isNumber: true },
    { title: 'written off', of: ({ written_off }) => written_off, isNumber: true },
  ]
}
