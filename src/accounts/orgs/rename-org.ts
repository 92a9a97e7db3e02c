import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { Actor } from '../actor.ts'
import { appendAudit } from '../audit/append-audit.ts'
import { changeOrg, type OrgChange } from './change-org.ts'

/** By an owner. The slug stays, as callers name the org by it. */
export async function renameOrg(
  db: Kysely<Tables>,
  { name, ...change }: OrgChange & { name: string },
  actor: Actor,
): Promise<void> {
  await changeOrg(db, { ...change, least: 'owner' }, async (tx, { id }) => {
    const { rows } = await sql<{ before: string }>`
      update orgs set name = ${name} from (select name as before from orgs where id = ${id}) as old
      where id = ${id} and name <> ${name} returning before`.execute(tx)
    const [renamed] = rows
    if (renamed === undefined) return
    const details = { name, before: renamed.before }
    await appendAudit(tx, { actor, action: 'org.renamed', subject: id, orgId: id, details })
  })
}
