import { type RawBuilder, sql } from 'kysely'
import type { LedgerDb } from '../ledger/ledger-db.ts'

/** What a look at the rows has shown. */
export type Findings = {
  /** Rows, or settings, that were looked at. */
  checked: number
  /** How many of them are wrong. */
  found: number
  /** What is wrong with the first of them. */
  violations: readonly string[]
  note?: string
}

export type Check = (tx: LedgerDb) => Promise<Findings>

const SHOWN = 20

/**
 * Counts in the store itself: it may have millions of rows.
 * @param look.of - how many rows there are to look at, as a scalar. @param look.wrong - selects a text, `what`, for each fault.
 */
export async function find(
  tx: LedgerDb,
  { of, wrong }: { of: RawBuilder<unknown>; wrong: RawBuilder<unknown> },
): Promise<Findings> {
  const { rows } = await sql<Findings>`
    with wrong as materialized (${wrong})
    select (${of})::float8 as checked, (select count(*) from wrong)::float8 as found,
      array(select what from wrong order by what limit ${SHOWN}) as violations`.execute(tx)
  return rows[0] ?? { checked: 0, found: 0, violations: [] }
}

/** Several looks that bear out one invariant. */
export async function findAll(
  tx: LedgerDb,
  looks: readonly { of: RawBuilder<unknown>; wrong: RawBuilder<unknown> }[],
): Promise<Findings> {
  let checked = 0
  let found = 0
  const violations: string[] = []
  for (const look of looks) {
    const findings = await find(tx, look)
    checked += findings.checked
    found += findings.found
    violations.push(...findings.violations)
  }
  return { checked, found, violations: violations.slice(0, SHOWN) }
}
