import type { Redis } from 'ioredis'

/** What a Redis, or a server that speaks like one, says of itself. */
export type RedisFacts = {
  /** Of Redis, whose commands it has; Valkey names one too. */
  version: string
  isCluster: boolean
  /** Undefined where it does not tell. */
  evictionPolicy: string | undefined
  isAppendOnly: boolean | undefined
  /** Whether CONFIG is ours to use: it is not where somebody else runs the server. */
  isConfigurable: boolean
}

export async function readRedisFacts(client: Pick<Redis, 'info' | 'config'>): Promise<RedisFacts> {
  const info = parseInfo(await client.info())
  const policy = await readConfig(client, 'maxmemory-policy')
  const appendOnly = await readConfig(client, 'appendonly')
  return {
    version: info.get('redis_version') ?? '0',
    isCluster: info.get('cluster_enabled') === '1',
    evictionPolicy: policy ?? info.get('maxmemory_policy'),
    isAppendOnly: toBoolean(appendOnly ?? info.get('aof_enabled')),
    isConfigurable: policy !== undefined,
  }
}

/** What has to change before runs are entrusted to it: `faults` stop the start. Whole sentences. */
export function judgeRedis(facts: RedisFacts): { faults: string[]; warnings: string[] } {
  const { version, evictionPolicy, isAppendOnly, isConfigurable } = facts
  const faults: string[] = []
  const warnings: string[] = []
  if (isOlder(version, LEAST_VERSION)) {
    faults.push(`Redis at REDIS_URL is version ${version}: the queue needs ${LEAST_VERSION} or newer, or any Valkey.`)
  }
  const commands: string[] = []
  if (evictionPolicy !== undefined && evictionPolicy !== 'noeviction') commands.push('maxmemory-policy noeviction')
  if (isAppendOnly === false) commands.push('appendonly yes')
  if (commands.length > 0 && isConfigurable) {
    const lines = commands.map((command) => `  CONFIG SET ${command}`).join('\n')
    faults.push(
      `Redis at REDIS_URL may lose jobs: it is set to forget. Tell it (redis-cli), and its configuration file:\n${lines}`,
    )
  } else if (commands.length > 0) {
    warnings.push(`Redis at REDIS_URL may lose jobs, which delays runs: ask for ${commands.join(' and ')}`)
  }
  return { faults, warnings }
}

/** BullMQ's own recommendation. */
const LEAST_VERSION = '6.2.0'

function parseInfo(text: string): Map<string, string> {
  return new Map(text.split(/\r?\n/).map((line) => [line.split(':', 1)[0] ?? '', line.slice(line.indexOf(':') + 1)]))
}

async function readConfig(client: Pick<Redis, 'config'>, name: string): Promise<string | undefined> {
  try {
    const reply: unknown = await client.config('GET', name)
    const value: unknown = Array.isArray(reply) ? reply[1] : undefined
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined // forbidden, or renamed, where the server is somebody else's
  }
}

function toBoolean(word: string | undefined): boolean | undefined {
  return word === undefined ? undefined : word === 'yes' || word === '1'
}

function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0
}
