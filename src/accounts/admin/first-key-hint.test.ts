import { expect, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { createKeyFor } from './create-key-for.ts'
import { firstKeyHint } from './first-key-hint.ts'

test('who starts a gateway without keys hears how to make the first one, and not again', async () => {
  const { db } = await testDatabase()
  expect(await firstKeyHint(db)).toContain('npm run admin -- keys create')
  await createKeyFor(db, { name: 'me' }, { id: 'admin', via: 'cli' })
  expect(await firstKeyHint(db)).toBeUndefined()
})
