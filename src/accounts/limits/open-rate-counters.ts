import type { Database } from '../../db/database.ts'
import { openRedis } from './open-redis.ts'
import { createPostgresCounters } from './postgres-counters.ts'
import type { RateCounters } from './rate-counters.ts'
import { createRedisCounters } from './redis-counters.ts'

export type RateCountersDeps = {
  database: Pick<Database, 'db'>
  /** Counts in Redis where there is one. May hold a password. */
  redisUrl: string | undefined
}

/** @throws where Redis cannot be reached. */
export async function openRateCounters({ database, redisUrl }: RateCountersDeps): Promise<RateCounters> {
  if (redisUrl === undefined) return createPostgresCounters({ database })
  return createRedisCounters({ client: await openRedis(redisUrl) })
}
