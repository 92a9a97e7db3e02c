import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Role } from '../identity.ts'
import { readBalance } from '../ledger/read-account.ts'
import type { Ceiling } from '../ledger.ts'
import { requireMember } from '../orgs/require-member.ts'
import type { Page } from '../read-page.ts'
import { listEntries } from './list-entries.ts'
import { type HoldFilter, listHolds } from './list-holds.ts'
import { readUsed } from './read-used.ts'
import { type UsageQuery, usageTotals } from './usage-totals.ts'

/** What accounts have, and what they were charged for. All reject with a 503 GatewayError while Postgres cannot be reached. */
export type BillDesk = ReturnType<typeof createBillDesk>

export function createBillDesk({ db }: Pick<Database, 'db'>) {
  return withStoreErrors({
    balance: (account: string) => readBalance(db, account),
    used: (ceilings: readonly Ceiling[]) => readUsed(db, ceilings),
    entries: (account: string, page: Page) => listEntries(db, account, page),
    holds: (filter: HoldFilter, page: Page) => listHolds(db, filter, page),
    /** @throws as {@link requireMember}. */
    seat: (org: string, account: string, least: Role) => requireMember(db, org, account, least),
    usage: (query: UsageQuery) => usageTotals(db, query),
  })
}
