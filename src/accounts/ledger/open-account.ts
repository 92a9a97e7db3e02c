import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'
import type { NewAccount } from '../ledger.ts'

/** Makes the account where there is none; one that is there stays as it is. */
export async function openAccount(db: Kysely<Tables>, { id, kind, name }: NewAccount): Promise<void> {
  await sql`insert into accounts (id, kind, name) values (${id}, ${kind}, ${name ?? null}) on conflict (id) do nothing`.execute(
    db,
  )
}
