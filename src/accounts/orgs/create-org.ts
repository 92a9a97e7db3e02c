import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import { BadRequestError, conflict } from '../../errors.ts'
import { accountKind, newId } from '../account-id.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { atomically } from '../ledger/ledger-db.ts'
import { openAccount } from '../ledger/open-account.ts'
import type { Org } from './org.ts'
import { orgAsMember } from './org-errors.ts'
import { findOrg } from './read-orgs.ts'
import { isSlug } from './slug.ts'

/** `owner` is the account of its first member: a wallet, whether it has been here before or not, or `acct_…`. */
export type NewOrg = { slug: string; name: string; owner: string }

/** @throws {@link BadRequestError} where the slug is none; 409 `slug_taken`, also by an org that is closed. */
export async function createOrg(db: Kysely<Tables>, { slug, name, owner }: NewOrg, actor: Actor): Promise<Org> {
  if (!isSlug(slug)) throw invalidSlug()
  const kind = accountKind(owner)
  if (kind === 'org') throw orgAsMember()
  if (kind === undefined) {
    throw new BadRequestError("Invalid 'owner': expected a wallet or an account.", {
      param: 'owner',
      code: 'invalid_value',
    })
  }
  return atomically(db, async (tx) => {
    const id = newId('org')
    await openAccount(tx, { id, kind: 'org', name })
    if (kind === 'wallet') await openAccount(tx, { id: owner, kind })
    const { rows } = await sql`
      insert into orgs (id, slug, name) values (${id}, ${slug}, ${name})
      on conflict (slug) do nothing returning id`.execute(tx)
    if (rows.length === 0) throw conflict('slug_taken', `The slug '${slug}' is taken.`, { param: 'slug' })
    await sql`insert into org_members (org_id, account, role) values (${id}, ${owner}, 'owner')`.execute(tx)
    await appendAudit(tx, { actor, action: 'org.created', subject: id, orgId: id, details: { slug, name, owner } })
    const org = await findOrg(tx, id)
    if (org === undefined) throw new Error(`${id} was not made`)
    return org
  })
}

function invalidSlug(): BadRequestError {
  return new BadRequestError(
    "Invalid 'slug': expected 3 to 40 lower-case letters, digits and hyphens, with no hyphen at an end, and no reserved word.",
    { param: 'slug', code: 'invalid_value' },
  )
}
