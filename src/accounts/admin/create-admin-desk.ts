import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import type { Actor } from '../actor.ts'
import { type AuditPage, listAudit } from '../audit/list-audit.ts'
import { findKey } from '../keys/find-key.ts'
import { type KeyPage, listKeys } from '../keys/list-keys.ts'
import { revokeKey } from '../keys/revoke-key.ts'
import { type Rotation, rotateKey } from '../keys/rotate-key.ts'
import { type KeyChange, updateKey } from '../keys/update-key.ts'
import type { NewOrg } from '../orgs/create-org.ts'
import { listOrgs } from '../orgs/read-orgs.ts'
import type { Page } from '../read-page.ts'
import { type UsageQuery, usageTotals } from '../usage/usage-totals.ts'
import { verifyLedger } from '../verify/verify-ledger.ts'
import { createVoucher, type NewVoucher } from '../vouchers/create-voucher.ts'
import { listVouchers } from '../vouchers/list-vouchers.ts'
import { revokeVoucher } from '../vouchers/revoke-voucher.ts'
import { type Correction, correctCredits } from './correct-credits.ts'
import { createAccount } from './create-account.ts'
import { createKeyFor, type KeyOrder } from './create-key-for.ts'
import { createOrgFor } from './create-org-for.ts'
import { listMembersOf, resolveOrg } from './expect-org.ts'
import { type Grant, grantCredits } from './grant-credits.ts'
import { type AccountPage, findAccount, listAccounts } from './list-accounts.ts'
import { resolveAccount } from './resolve-account.ts'

/**
 * What an operator may do, by the admin routes and from a shell alike. All that changes something is in the audit log. Rejects
 * with a GatewayError where it cannot be done; 503 `store_unavailable` while Postgres cannot be reached.
 */
export type AdminDesk = ReturnType<typeof createAdminDesk>

export function createAdminDesk({ db }: Pick<Database, 'db'>) {
  return withStoreErrors({
    listAccounts: (page: AccountPage) => listAccounts(db, page),
    findAccount: async (account: string) => findAccount(db, resolveAccount(account).id),
    async createAccount(account: { name: string }, actor: Actor) {
      const created = await findAccount(db, await createAccount(db, account, actor))
      if (created === undefined) throw new Error('an account that was made is not there')
      return created
    },
    grant: (grant: Grant, actor: Actor) => grantCredits(db, grant, actor),
    correct: (correction: Correction, actor: Actor) => correctCredits(db, correction, actor),
    async listKeys({ account, org, ...page }: Omit<KeyPage, 'orgId'> & { org?: string | undefined }) {
      const of = {
        account: account === undefined ? undefined : resolveAccount(account).id,
        orgId: org === undefined ? undefined : await resolveOrg(db, org),
      }
      return listKeys(db, { ...page, ...of })
    },
    findKey: (id: string) => findKey(db, id, ALL),
    createKey: (order: KeyOrder, actor: Actor) => createKeyFor(db, order, actor),
    updateKey: (id: string, change: KeyChange, actor: Actor) => updateKey(db, { id, reach: ALL, change }, actor),
    rotateKey: (rotation: Omit<Rotation, 'reach'>, actor: Actor) => rotateKey(db, { ...rotation, reach: ALL }, actor),
    revokeKey: (id: string, actor: Actor) => revokeKey(db, { id, reach: ALL }, actor),
    listVouchers: (page: Page) => listVouchers(db, page),
    createVoucher: (voucher: NewVoucher, actor: Actor) => createVoucher(db, voucher, actor),
    revokeVoucher: (id: string, actor: Actor) => revokeVoucher(db, id, actor),
    listOrgs: (page: Page) => listOrgs(db, page),
    createOrg: (org: NewOrg, actor: Actor) => createOrgFor(db, org, actor),
    listMembers: (org: string, page: Page) => listMembersOf(db, org, page),
    async listAudit({ org, ...page }: Omit<AuditPage, 'orgId'> & { org?: string | undefined }) {
      return listAudit(db, { ...page, orgId: org === undefined ? undefined : await resolveOrg(db, org) })
    },
    usage: (query: UsageQuery) => usageTotals(db, query),
    verifyLedger: () => verifyLedger(db),
  })
}

/** An operator reaches every key. */
const ALL = { type: 'all' } as const
