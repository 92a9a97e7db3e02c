import type { AdminDesk } from '../../src/accounts/admin/create-admin-desk.ts'
import type { Page, Paged } from '../../src/accounts/read-page.ts'
import { toWirePage } from '../../src/http/wire-page.ts'
import type { Command, Options } from './command.ts'
import type { Input } from './input.ts'
import { type Column, toTable } from './table.ts'
import { UsageError } from './usage-error.ts'

type List<Stored, Row> = Pick<Command, 'name' | 'says'> & {
  takes?: readonly string[]
  /** Beside those of the page. */
  options?: Options
  columns: readonly Column<Row>[]
  /** As the admin routes have it. */
  toRow: (stored: Stored) => Row
  /** Undefined where there is no row to go on from. */
  read: (desk: AdminDesk, page: Page, input: Input) => Promise<Paged<Stored> | undefined>
}

/** A command that shows a page of rows, a line each. */
export function listCommand<Stored, Row extends { id: string }>(list: List<Stored, Row>): Command {
  const { name, says, takes = [], options = {}, columns, toRow, read } = list
  return {
    ...{ name, says, takes },
    options: { ...options, ...PAGE_OPTIONS },
    async run(desk, input) {
      const asked = pageOf(input)
      const page = toWirePage(await read(desk, asked, input), asked, toRow)
      return {
        json: page,
        text: toTable(columns, page.data),
        hint: page.has_more ? `There are more: --after ${page.last_id}` : undefined,
      }
    },
  }
}

const PAGE_OPTIONS: Options = {
  limit: { takes: '50', says: 'how many, 20 where unset' },
  after: { takes: 'id', says: 'goes on after this one' },
}

function pageOf(input: Input): Page {
  const limit = input.integer('limit') ?? 20
  if (limit > MOST) throw new UsageError(`--limit must be ${MOST} at most.`)
  return { limit, after: input.text('after') }
}

const MOST = 1_000
