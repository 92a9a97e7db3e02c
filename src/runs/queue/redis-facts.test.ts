import { expect, test } from 'vitest'
import { judgeRedis, type RedisFacts, readRedisFacts } from './redis-facts.ts'

const GOOD: RedisFacts = {
  version: '7.0.15',
  isCluster: false,
  evictionPolicy: 'noeviction',
  isAppendOnly: true,
  isConfigurable: true,
}

test('a Redis that keeps everything is taken without a word', () => {
  expect(judgeRedis(GOOD)).toEqual({ faults: [], warnings: [] })
})

test('a Redis that is too old is refused by its version, whose parts are numbers', () => {
  for (const version of ['6.2.0', '6.10.1', '10.0.0']) expect(judgeRedis({ ...GOOD, version }).faults).toEqual([])
  for (const version of ['3.2.100', '6.0.16', '6.1.99', '0']) {
    expect(judgeRedis({ ...GOOD, version }).faults).toEqual([
      expect.stringContaining(`is version ${version}: the queue`),
    ])
  }
})

test('only what is wrong is to be set', () => {
  expect(judgeRedis({ ...GOOD, isAppendOnly: false }).faults.join()).not.toContain('maxmemory-policy')
  expect(judgeRedis({ ...GOOD, evictionPolicy: 'allkeys-lru' }).faults.join()).not.toContain('appendonly')
})

test('a managed server that tells nothing is not accused of anything', async () => {
  const facts = await readRedisFacts({
    info: async () => '# Server\r\nredis_version:7.2.4\r\nvalkey_version:8.1.0\r\ncluster_enabled:1\r\n',
    config: () => Promise.reject(new Error('ERR unknown command CONFIG')),
  } as unknown as Parameters<typeof readRedisFacts>[0])
  expect(facts).toEqual({
    version: '7.2.4',
    isCluster: true,
    evictionPolicy: undefined,
    isAppendOnly: undefined,
    isConfigurable: false,
  })
  expect(judgeRedis(facts)).toEqual({ faults: [], warnings: [] })
})
