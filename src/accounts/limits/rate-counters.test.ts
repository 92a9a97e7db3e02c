import { afterEach, describe, expect, type TestContext, test, vi } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { needsRedis, startRedis } from '../../../test/support/redis-server.ts'
import { connectDatabase } from '../../db/connect-database.ts'
import { openRedis } from './open-redis.ts'
import { createPostgresCounters } from './postgres-counters.ts'
import type { RateCounters } from './rate-counters.ts'
import { createRedisCounters } from './redis-counters.ts'

/** Two gateways on one store, each with its own connections. `away` takes the store away. */
type Stage = { one: RateCounters; other: RateCounters; away: () => Promise<void> }
type Open = (context: TestContext, windowMs?: number, otherWindowMs?: number) => Promise<Stage>

const inPostgres: Open = async ({ onTestFinished }, windowMs = 60_000, otherWindowMs = windowMs) => {
  const database = await testDatabase()
  const twin = connectDatabase({ connectionString: database.connectionString, advice: '' })
  onTestFinished(() => twin.close())
  return {
    one: createPostgresCounters({ database, windowMs }),
    other: createPostgresCounters({ database: twin, windowMs: otherWindowMs }),
    away: () => Promise.all([database.close(), twin.close()]).then(() => {}),
  }
}

const inRedis: Open = async (context, windowMs = 60_000, otherWindowMs = windowMs) => {
  needsRedis(context)
  const redis = await startRedis()
  const one = createRedisCounters({ client: await openRedis(redis.url), windowMs })
  const other = createRedisCounters({ client: await openRedis(redis.url), windowMs: otherWindowMs })
  context.onTestFinished(() => Promise.all([one.close(), other.close()]).then(() => {}))
  return { one, other, away: () => redis.signal('SIGKILL') }
}

describe.each<[string, Open]>([
  ['Postgres', inPostgres],
  ['Redis', inRedis],
])('rates in %s', (_, open) => {
  afterEach(() => void vi.useRealTimers())

  test('two gateways admit exactly the limit, however many ask at once', async (context) => {
    const { one, other } = await open(context)
    const asked = Array.from({ length: 200 }, (_, at) =>
      (at % 2 === 0 ? one : other).take([
        { subject: 'a', amount: 1, limit: 100 },
        { subject: `b${at % 3}`, amount: 1, limit: 1_000 },
      ]),
    )
    const counts = await Promise.all(asked)
    expect(counts.filter((all) => all.every(({ isWithin }) => isWithin))).toHaveLength(100)
    expect(counts.map(([a]) => a?.used).sort(byNumber)).toEqual([
      ...Array.from({ length: 100 }, (_, at) => at + 1),
      ...Array(100).fill(100),
    ])
  })

  test('where one limit has no room, nothing is counted against the others', async (context) => {
    const { one } = await open(context)
    const take = () => one.take([unit('narrow', 1), unit('wide', 10)])
    expect(await take()).toMatchObject([
      { isWithin: true, used: 1 },
      { isWithin: true, used: 1 },
    ])
    expect(await take()).toMatchObject([
      { isWithin: false, used: 1 },
      { isWithin: true, used: 1 },
    ])
    expect(await one.take([unit('wide', 10)])).toMatchObject([{ used: 2 }])
  })

  test('a minute begins with the first use, and is told by what is left of it', async (context) => {
    const { one, other } = await open(context)
    const [first] = await one.take([unit('a', 2)])
    expect(first?.msLeft).toBeGreaterThan(50_000)
    expect(first?.msLeft).toBeLessThanOrEqual(60_000)
    const [second] = await other.take([unit('a', 2)])
    expect(second?.msLeft).toBeLessThanOrEqual(first?.msLeft ?? 0)
    expect(second?.window).toBe(first?.window)
  })

  test.for([3_600_000, -3_600_000])(
    "minutes end by the store's clock, though that of a gateway is wrong by %i ms",
    async (skewMs, context) => {
      const { one, other } = await open(context, 1_500)
      await one.take([unit('a', 1)])
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + skewMs })
      expect(await other.take([unit('a', 1)])).toMatchObject([{ isWithin: false, used: 1 }])
      await expect.poll(async () => (await other.take([unit('a', 1)]))[0]?.isWithin).toBe(true)
      expect(await one.take([unit('a', 1)])).toMatchObject([{ isWithin: false, used: 1 }])
    },
  )

  test('looking counts nothing, begins no minute, and is refused where the limit is overdrawn', async (context) => {
    const { one } = await open(context)
    const look = () => one.take([{ subject: 'a', amount: 0, limit: 10 }])
    expect(await look()).toMatchObject([{ isWithin: true, used: 0, msLeft: 0 }])
    const [taken = NOTHING] = await one.take([{ subject: 'a', amount: 10, limit: 10 }])
    expect(await look()).toMatchObject([{ isWithin: true, used: 10 }])
    await one.correct([{ subject: 'a', window: taken.window }], 1)
    expect(await look()).toMatchObject([{ isWithin: false, used: 11 }])
  })

  test('what was taken for nothing is given back, once and no more than that', async (context) => {
    const { one, other } = await open(context)
    const takes = ['a', 'b'].map((subject) => ({ subject, amount: 60, limit: 100 }))
    const counts = await one.take(takes)
    const windows = counts.map(({ window }, at) => ({ subject: takes[at]?.subject ?? '', window }))
    expect((await other.take(takes)).map(({ isWithin }) => isWithin)).toEqual([false, false])
    await other.correct(windows, -50)
    expect(await other.take(takes)).toMatchObject([{ used: 70 }, { used: 70 }])
    await one.correct(windows, -1_000)
    expect(await one.take(takes)).toMatchObject([{ used: 60 }, { used: 60 }])
  })

  test('once a minute has passed nothing of it is given back, and what shows late counts against the next', async (context) => {
    const { one: brief, other } = await open(context, 300, 60_000)
    const look = async () => (await other.take([{ subject: 'a', amount: 0, limit: 10 }]))[0]
    const [old = NOTHING] = await brief.take([{ subject: 'a', amount: 5, limit: 10 }])
    await expect.poll(async () => (await look())?.used).toBe(0)
    await other.correct([{ subject: 'a', window: old.window }], -5)
    expect(await look()).toMatchObject({ used: 0, msLeft: 0 })
    await other.correct([{ subject: 'a', window: old.window }], 3)
    expect(await look()).toMatchObject({ used: 3, isWithin: true })
    await other.correct([{ subject: 'a', window: old.window }], 2)
    await other.correct([{ subject: 'a', window: old.window }], -4)
    expect(await look()).toMatchObject({ used: 5 })
    expect((await look())?.msLeft).toBeGreaterThan(50_000)
  })

  test('requests that share limits do not lock each other out, in whatever order they name them', async (context) => {
    const { one, other } = await open(context)
    const subjects = ['a', 'b', 'c', 'd']
    const asking = Array.from({ length: 80 }, async (_, at) => {
      const gateway = at % 2 === 0 ? one : other
      const order = subjects.toSorted((x, y) => (at % 3 === 0 ? 1 : -1) * x.localeCompare(y)).slice(at % 2)
      const counts = await gateway.take(order.map((subject) => ({ subject, amount: 10, limit: 10_000 })))
      const windows = order.map((subject, place) => ({ subject, window: counts[place]?.window ?? '' })).reverse()
      await gateway.correct(windows, at % 4 < 2 ? -3 : 3)
    })
    await Promise.all(asking)
    const left = await one.take(['b', 'c'].map((subject) => ({ subject, amount: 0, limit: 10_000 })))
    expect(left).toMatchObject([{ used: 800 }, { used: 800 }])
  })

  test('nothing is let through while the store is away', async (context) => {
    const { one, away } = await open(context)
    const [taken = NOTHING] = await one.take([unit('a', 2)])
    await away()
    const gone = { status: 503, code: 'store_unavailable', retryAfterSec: 5 }
    await expect(one.take([unit('a', 2)])).rejects.toMatchObject(gone)
    await expect(one.correct([{ subject: 'a', window: taken.window }], 1)).rejects.toMatchObject(gone)
  })
})

test('rows in Postgres whose minute has passed are swept away', async () => {
  const database = await testDatabase()
  const counters = createPostgresCounters({ database, windowMs: 1 })
  await counters.take(Array.from({ length: 50 }, (_, at) => unit(`old${at}`, 1)))
  const rows = async () => {
    await createPostgresCounters({ database }).take([unit('new', 1_000)]) // the first take of a process sweeps
    return (await database.db.selectFrom('rate_limits').select('subject').execute()).map(({ subject }) => subject)
  }
  await expect.poll(rows).toEqual(['new'])
})

test('Redis forgets a count when its minute is over', async (context) => {
  needsRedis(context)
  const redis = await startRedis()
  const client = await openRedis(redis.url)
  const counters = createRedisCounters({ client, windowMs: 200 })
  context.onTestFinished(() => counters.close())
  await counters.take([unit('a', 1)])
  await expect.poll(() => client.dbsize()).toBe(0)
})

test('a Redis that comes back counts again', async (context) => {
  needsRedis(context)
  const redis = await startRedis()
  const counters = createRedisCounters({ client: await openRedis(redis.url) })
  context.onTestFinished(() => counters.close())
  await redis.signal('SIGKILL')
  await expect(counters.take([unit('a', 1)])).rejects.toMatchObject({ status: 503 })
  await redis.start()
  await expect.poll(() => counters.take([unit('a', 1)]).catch(() => undefined)).toMatchObject([{ isWithin: true }])
})

const unit = (subject: string, limit: number) => ({ subject, amount: 1, limit })
const NOTHING = { window: '' }
const byNumber = (one = 0, other = 0) => one - other
