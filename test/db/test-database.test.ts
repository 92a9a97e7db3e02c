import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { testDatabase } from '../support/database.ts'

test('each spec has a database of its own, with all tables and no rows', async () => {
  const [one, two] = await Promise.all([testDatabase(), testDatabase()])
  await one.db.insertInto('leases').values({ name: 'a', holder: 'b', until: sql`clock_timestamp()` }).execute()
  expect(await one.db.selectFrom('leases').selectAll().execute()).toHaveLength(1)
  expect(await two.db.selectFrom('leases').selectAll().execute()).toEqual([])
  expect(
    await one.db
      .selectFrom('leases')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirst(),
  ).toEqual({ n: 1 })
})
