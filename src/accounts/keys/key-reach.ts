import { type RawBuilder, sql } from 'kysely'

/** Which keys somebody may reach. */
export type KeyReach =
  /** All: for the operator. */
  | { type: 'all' }
  /** The account's own, and those that are bound to an org which it administers. */
  | { type: 'seen_by'; account: string }
  /** The account's own, and those that belong to an org which it administers: a member's key acts as that member. */
  | { type: 'held_by'; account: string }

/** A condition on `api_keys`. */
export function toCondition(reach: KeyReach): RawBuilder<boolean> {
  switch (reach.type) {
    case 'all':
      return sql`true`
    case 'seen_by':
      return sql`(account = ${reach.account} or org_id in ${orgsOf(reach.account)})`
    case 'held_by':
      return sql`(account = ${reach.account} or account in ${orgsOf(reach.account)})`
    default:
      return reach satisfies never
  }
}

const orgsOf = (account: string) => sql`(
  select m.org_id from org_members m join orgs o on o.id = m.org_id and o.closed_at is null
  where m.account = ${account} and m.role in ('owner', 'admin'))`
