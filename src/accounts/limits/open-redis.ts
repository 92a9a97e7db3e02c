import type { Cluster, Redis } from 'ioredis'

/**
 * A connection whose commands fail at once, or soon, while Redis is away; it comes back by itself.
 * @throws where Redis cannot be reached now. The error may hold the address: it is not for a caller.
 */
export async function openRedis(redisUrl: string): Promise<Redis | Cluster> {
  const { Cluster, Redis } = await import('ioredis')
  const redis = new Redis(redisUrl, { ...OPTIONS, lazyConnect: true })
  redis.on('error', () => {}) // whoever uses it hears of it too
  try {
    await redis.connect()
    if (!/^cluster_enabled:1/m.test(await redis.info('cluster'))) return redis
  } catch (error) {
    redis.disconnect()
    throw error
  }
  redis.disconnect()
  const cluster = new Cluster([redisUrl], {
    lazyConnect: true,
    enableOfflineQueue: false,
    clusterRetryStrategy: OPTIONS.retryStrategy,
    redisOptions: toNodeOptions(redisUrl),
  })
  cluster.on('error', () => {})
  await cluster.connect()
  return cluster
}

/** The address names one node; the others are found there, and want the same credentials. */
function toNodeOptions(redisUrl: string) {
  const { username, password, protocol } = new URL(redisUrl)
  return {
    ...OPTIONS,
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  }
}

const OPTIONS = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 2_000,
  connectTimeout: 5_000,
  keepAlive: 10_000,
  retryStrategy: (times: number) => Math.min(200 * times, 2_000),
}
