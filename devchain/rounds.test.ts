import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAbi } from 'viem'
import { expect, onTestFinished, test } from 'vitest'
import { type DevClient, devClient } from './dev-client.ts'
import { loadMeta, type MetaFeed } from './meta.ts'
import { refreshFeeds } from './rounds.ts'
import { startDevChain } from './start.ts'

test('a refresh gives live feeds a round more with the same answer, and leaves the others as old as they are', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  const devChain = await startDevChain({ dataDir, chainIds: [1] })
  onTestFinished(async () => {
    await devChain.stop()
    await rm(dataDir, { recursive: true, force: true })
  })
  const client = devClient(devChain.rpcUrls[1]?.[0] ?? '', 1)
  const meta = await loadMeta(1)
  const before = await roundsOf(client, meta.feeds)
  await refreshFeeds(client, meta)
  const isLive = ({ kind }: MetaFeed) => kind === 'fresh' || kind === 'zero'
  const expected = meta.feeds.map((feed, index) => {
    const round = before[index] ?? []
    return isLive(feed) ? [(round[0] ?? 0n) + 1n, BigInt(feed.answer)] : round
  })
  await expect.poll(() => roundsOf(client, meta.feeds)).toEqual(expected)
  expect(meta.feeds.filter(isLive).length).toBeGreaterThan(12)
})

const abi = parseAbi([
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256, uint256, uint80)',
])

async function roundsOf(client: DevClient, feeds: readonly MetaFeed[]): Promise<bigint[][]> {
  return Promise.all(
    feeds.map(async ({ proxy }) => {
      const [roundId, answer] = await client.readContract({ address: proxy, abi, functionName: 'latestRoundData' })
      return [roundId, answer]
    }),
  )
}
