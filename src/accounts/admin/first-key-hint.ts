import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../db/schema.ts'

/** What to do where nobody has a key yet; undefined once there has been one. */
export async function firstKeyHint(db: Kysely<Tables>): Promise<string | undefined> {
  const { rows } = await sql`select from api_keys limit 1`.execute(db)
  return rows.length > 0 ? undefined : FIRST_KEY
}

const FIRST_KEY = 'there is no API key yet: npm run admin -- keys create --name me --grant 5'
