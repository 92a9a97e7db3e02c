import { onTestFinished, type TestContext } from 'vitest'
import { hasRedis, launchRedis, type RedisProcess } from './redis-process.ts'

/** A Redis as the queue wants it; gone at the end of the test. `settings` are those of its configuration file. */
export async function startRedis(settings: Record<string, string> = {}): Promise<RedisProcess> {
  const redis = await launchRedis(settings)
  onTestFinished(redis.remove)
  return redis
}

/** Skips a spec, saying why, where `redis-server` is not installed. */
export function needsRedis({ skip }: TestContext): void {
  skip(!hasRedis(), 'redis-server is not installed')
}
