import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { withStoreErrors } from '../../db/with-store-errors.ts'
import { afterMs, NOW } from './times.ts'

/** What one process at a time may do. */
export type Leases = {
  /** For `ms` from now, or on from before. False where another holder has it. */
  take(name: string, holder: string, ms: number): Promise<boolean>
  /** Nothing where another holder has it. */
  free(name: string, holder: string): Promise<void>
}

export function createLeases({ database: { db } }: { database: Pick<Database, 'db'> }): Leases {
  return withStoreErrors({
    async take(name, holder, ms) {
      const { rows } = await sql`
        insert into leases (name, holder, until) values (${name}, ${holder}, ${afterMs(ms)})
        on conflict (name) do update set holder = excluded.holder, until = excluded.until
        where leases.holder = excluded.holder or leases.until < ${NOW}
        returning name`.execute(db)
      return rows.length > 0
    },
    async free(name, holder) {
      await sql`delete from leases where name = ${name} and holder = ${holder}`.execute(db)
    },
  } satisfies Leases)
}
