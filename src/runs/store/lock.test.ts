import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { lockInTransaction } from './lock.ts'

test('a transaction that stands still loses its lock, and the next one goes on', async () => {
  const { db } = await testDatabase()
  const isLocked = Promise.withResolvers<void>()
  const isOver = Promise.withResolvers<void>()
  const frozen = db.transaction().execute(async (tx) => {
    await lockInTransaction(tx, 'x', 200)
    isLocked.resolve()
    await isOver.promise
  })
  await isLocked.promise
  await db.transaction().execute((tx) => lockInTransaction(tx, 'x'))
  isOver.resolve()
  await expect(frozen).rejects.toThrow()
})

test('locks of other names are no hindrance', async () => {
  const { db } = await testDatabase()
  await db.transaction().execute(async (tx) => {
    await lockInTransaction(tx, 'x')
    await db.transaction().execute((other) => lockInTransaction(other, 'y'))
  })
})
