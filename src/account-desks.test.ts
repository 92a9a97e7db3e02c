import { pino } from 'pino'
import { expect, test } from 'vitest'
import { testDatabase } from '../test/support/database.ts'
import { noteAtStart } from './account-desks.ts'

test.each([
  ['that costs something and limits no address hears', 1, { freeMode: false, ipRequestsPerMinute: 0 }],
  ['that limits each address hears nothing', 0, { freeMode: false, ipRequestsPerMinute: 60 }],
  ['that is free hears nothing', 0, { freeMode: true, ipRequestsPerMinute: 0 }],
])('who starts a gateway %s of the setting that limits strangers', async (_, count, config) => {
  const database = await testDatabase()
  const lines: string[] = []
  const log = pino({ level: 'info' }, { write: (line) => lines.push(line) })
  await noteAtStart({ config, database, models: {}, toolPrices: {}, log })
  expect(lines.filter((line) => line.includes('IP_REQUESTS_PER_MINUTE'))).toHaveLength(count)
})
