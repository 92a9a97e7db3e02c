import { Kysely, PostgresDialect } from 'kysely'
import type pg from 'pg'
import type { Database } from '../../src/db/database.ts'
import type { Tables } from '../../src/db/schema.ts'

/** The same database to code that does not know: some of its statements are others by the time they arrive. */
export function rewriteSql({ pool }: Database, rewrite: (statement: string) => string): Pick<Database, 'db'> {
  const connect = async () => {
    const client = await pool.connect()
    return new Proxy(client, {
      get(target, name) {
        if (name === 'query') return (text: string, values: unknown[]) => target.query(rewrite(text), values)
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return {
    db: new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: { connect, end: async () => {} } as unknown as pg.Pool }),
    }),
  }
}
