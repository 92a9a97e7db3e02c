import { expect, test } from 'vitest'
import { testDatabase } from '../../test/support/database.ts'
import { listAudit } from './audit/list-audit.ts'
import { notePriceList, type PriceList } from './price-changes.ts'

const LIST: PriceList = {
  models: {
    operator: { promptPerMillion: 200_000n, completionPerMillion: 800_000n },
    conductor: { promptPerMillion: 1n, completionPerMillion: 2n, cachedPerMillion: 0n, perRun: 9n },
  },
  toolPrices: { balance: 500n },
}

async function noted() {
  const { db } = await testDatabase()
  return {
    db,
    changes: async () => {
      const page = await listAudit(db, { limit: 100, action: 'price.changed' })
      return page?.rows.map(({ actor, via, subject, details }) => ({ actor, via, subject, ...details }))
    },
  }
}

test('the first list is noted, a row for each price', async () => {
  const { db, changes } = await noted()
  expect(await notePriceList(db, LIST)).toBe(3)
  const by = { actor: 'gateway', via: 'gateway', from: null }
  expect(await changes()).toEqual([
    { ...by, subject: 'tool:balance', to: '500' },
    { ...by, subject: 'model:operator', to: 'prompt=200000,completion=800000' },
    { ...by, subject: 'model:conductor', to: 'prompt=1,completion=2,cached=0,run=9' },
  ])
})

test('the same list is not noted again, and of another only what has changed', async () => {
  const { db, changes } = await noted()
  await notePriceList(db, LIST)
  expect(await notePriceList(db, LIST)).toBe(0)
  const operator = { promptPerMillion: 200_000n, completionPerMillion: 900_000n }
  expect(await notePriceList(db, { models: { operator }, toolPrices: LIST.toolPrices })).toBe(2)
  expect((await changes())?.slice(0, 2)).toMatchObject([
    {
      subject: 'model:operator',
      from: 'prompt=200000,completion=800000',
      to: 'prompt=200000,completion=900000',
    },
    { subject: 'model:conductor', from: 'prompt=1,completion=2,cached=0,run=9', to: null },
  ])
  expect(await notePriceList(db, LIST)).toBe(2)
})

test('gateways that start at once note a list once', async () => {
  const { db, changes } = await noted()
  const counts = await Promise.all(Array.from({ length: 8 }, () => notePriceList(db, LIST)))
  expect(counts.filter((count) => count > 0)).toEqual([3])
  expect(await changes()).toHaveLength(3)
})

test('where nothing has a price, nothing is noted', async () => {
  const { db } = await noted()
  expect(await notePriceList(db, { models: {}, toolPrices: {} })).toBe(0)
  expect(await listAudit(db, { limit: 1 })).toEqual({ rows: [], hasMore: false })
})
