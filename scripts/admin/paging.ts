import type { Paged } from '../../src/accounts/read-page.ts'
import { toWirePage } from '../../src/http/wire-page.ts'
import type { Answer, Options } from './command.ts'
import type { Input } from './input.ts'
import { type Column, toTable } from './table.ts'
import { UsageError } from './usage-error.ts'

export const PAGE_OPTIONS = {
  limit: { takes: '50', says: 'how many, 20 where unset' },
  after: { takes: 'id', says: 'goes on after this one' },
} as const satisfies Options

export function pageOf(input: Input): { limit: number; after: string | undefined } {
  const limit = input.integer('limit') ?? 20
  if (limit > MOST) throw new UsageError(`--limit must be ${MOST} at most.`)
  return { limit, after: input.text('after') }
}

const MOST = 1_000

/** A page as the admin routes have it, and as a table. */
export function toPage<Stored, Row extends { id: string }>(
  columns: readonly Column<Row>[],
  paged: Paged<Stored>,
  toRow: (stored: Stored) => Row,
): Answer {
  const page = toWirePage(paged, toRow)
  return {
    json: page,
    text: toTable(columns, page.data),
    hint: page.has_more ? `There are more: --after ${page.last_id}` : undefined,
  }
}
