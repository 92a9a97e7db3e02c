import type { Cluster, Redis } from 'ioredis'
import { GatewayError } from '../../errors.ts'
import { RATE_WINDOW_MS, type RateCount, type RateCounters } from './rate-counters.ts'

/** One to ask and none that waits: see `openRedis`. It is closed with the counters. */
export type RedisCountersDeps = { client: Redis | Cluster; windowMs?: number }

export function createRedisCounters({ client, windowMs = RATE_WINDOW_MS }: RedisCountersDeps): RateCounters {
  client.defineCommand('takeRates', { lua: TAKE })
  client.defineCommand('correctRates', { lua: CORRECT })
  const scripts = client as unknown as Scripts
  return {
    async take(takes) {
      const counts = await scripts
        .takeRates(
          takes.length,
          ...takes.map(toKey),
          windowMs,
          ...takes.flatMap(({ amount, limit }) => [amount, limit]),
        )
        .catch(toAway)
      return counts.map(
        ([isWithin, used, msLeft, window]): RateCount => ({ isWithin: isWithin === 1, used, msLeft, window }),
      )
    },
    async correct(taken, by) {
      if (by === 0 || taken.length === 0) return
      const windows = taken.map(({ window }) => window)
      await scripts.correctRates(taken.length, ...taken.map(toKey), windowMs, by, ...windows).catch(toAway)
    },
    close: async () => client.disconnect(),
  }
}

/** What `defineCommand` adds. */
type Scripts = {
  takeRates(keys: number, ...args: (string | number)[]): Promise<[0 | 1, number, number, string][]>
  correctRates(keys: number, ...args: (string | number)[]): Promise<null>
}

/** In braces, so that a cluster keeps all keys in one slot: a script touches several at once. */
const toKey = ({ subject }: { subject: string }) => `{groundwire:rates}:${subject}`

/** Whatever Redis says in place of a count, the request is not counted, and not let through. */
function toAway(cause: unknown): never {
  throw new GatewayError('The gateway cannot reach its store (Redis) right now. Try again in a few seconds.', {
    code: 'store_unavailable',
    status: 503,
    type: 'service_unavailable_error',
    retryAfterSec: 5,
    cause,
  })
}

const READ = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local window = tonumber(ARGV[1])

local function read(key)
  local kept = redis.call('HMGET', key, 'used', 'ends')
  local used, ends = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
  if ends > now then return used, ends end
  return 0, 0
end

local function write(key, used, ends)
  if ends == 0 then ends = now + window end
  redis.call('HSET', key, 'used', string.format('%.0f', used), 'ends', string.format('%.0f', ends))
  redis.call('PEXPIREAT', key, string.format('%.0f', ends))
  return ends
end
`

const TAKE = `${READ}
local taken = true
local counts = {}
for at, key in ipairs(KEYS) do
  local used, ends = read(key)
  local amount, most = tonumber(ARGV[2 * at]), tonumber(ARGV[2 * at + 1])
  local within = used + amount <= most
  taken = taken and within
  counts[at] = { used = used, ends = ends, amount = amount, within = within }
end
local reply = {}
for at, key in ipairs(KEYS) do
  local count = counts[at]
  if taken and count.amount > 0 then
    count.used = count.used + count.amount
    count.ends = write(key, count.used, count.ends)
  end
  reply[at] = { count.within and 1 or 0, count.used, math.max(0, count.ends - now), string.format('%.0f', count.ends) }
end
return reply
`

const CORRECT = `${READ}
local by = tonumber(ARGV[2])
for at, key in ipairs(KEYS) do
  local used, ends = read(key)
  if by > 0 then
    write(key, used + by, ends)
  elseif ends ~= 0 and ends == tonumber(ARGV[2 + at]) then
    write(key, math.max(0, used + by), ends)
  end
end
`
