import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { erc20Abi, parseAbi } from 'viem'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { createControl, type DevControl } from './control.ts'
import { type DevClient, devClient } from './dev-client.ts'
import { loadMeta, type Meta } from './meta.ts'
import { type DevChain, startDevChain } from './start.ts'

let devChain: DevChain
let dataDir: string
let control: DevControl
let client: DevClient
let meta: Meta

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  devChain = await startDevChain({ dataDir, chainIds: [8453] })
  const [chain] = devChain.chains
  if (chain === undefined) throw new Error('no chain was started')
  control = createControl(chain)
  client = devClient(chain.url, chain.chainId)
  meta = await loadMeta(8453)
})

afterAll(async () => {
  await devChain?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

beforeEach(async () => {
  const before = await control.snapshot()
  return () => control.revert(before)
})

test('a submitted price is the next round of its feed', async () => {
  const before = await latestRound('ETH/USD')
  await control.submitPrice('ETH/USD', 5_000_00000000n)
  const after = await latestRound('ETH/USD')
  expect([after.answer, after.roundId - before.roundId]).toEqual([5_000_00000000n, 1n])
})

test('the sequencer can go down', async () => {
  expect((await latestRound('L2_Sequencer_Uptime_Status_Feed')).answer).toBe(0n)
  await control.setSequencer(1n)
  expect((await latestRound('L2_Sequencer_Uptime_Status_Feed')).answer).toBe(1n)
})

test('a price ages when time goes on', async () => {
  const { updatedAt } = await latestRound('ETH/USD')
  await control.increaseTime(7_200)
  expect(Number((await client.getBlock()).timestamp - updatedAt)).toBeGreaterThan(7_200)
})

test('nonces, balances and code are what they are set to', async () => {
  const address = meta.operator
  await control.setNonce(address, 99_999)
  await control.setBalance(address, 5n)
  await control.setCode(address, '0xfe')
  expect(await client.getTransactionCount({ address })).toBe(99_999)
  expect(await client.getBalance({ address })).toBe(5n)
  expect(await client.getCode({ address })).toBe('0xfe')
})

test('coins and tokens move', async () => {
  const [vitalik, alice] = meta.accounts.map(({ address }) => address)
  const token = meta.tokens[0]?.address
  if (!vitalik || !alice || !token) throw new Error('the meta lacks accounts or tokens')
  const coins = await client.getBalance({ address: alice })
  const read = { address: token, abi: erc20Abi, functionName: 'balanceOf', args: [alice] } as const
  const tokens = await client.readContract(read)
  await control.transferCoins({ from: vitalik, to: alice, amount: 3n })
  await control.transferToken({ token, from: vitalik, to: alice, amount: 7n })
  expect((await client.getBalance({ address: alice })) - coins).toBe(3n)
  expect((await client.readContract(read)) - tokens).toBe(7n)
})

test('a reorganisation replaces the last blocks and leaves the one before them', async () => {
  await control.mine(3)
  const tip = await client.getBlockNumber()
  const hashOf = async (blockNumber: bigint) => (await client.getBlock({ blockNumber })).hash
  const before = [await hashOf(tip - 2n), await hashOf(tip)]
  await control.reorg(2)
  expect(await client.getBlockNumber()).toBe(tip)
  const after = [await hashOf(tip - 2n), await hashOf(tip)]
  expect(after[0]).toBe(before[0])
  expect(after[1]).not.toBe(before[1])
})

async function latestRound(pair: string): Promise<{ roundId: bigint; answer: bigint; updatedAt: bigint }> {
  const proxy = meta.feeds.find((feed) => feed.pair === pair)?.proxy
  if (proxy === undefined) throw new Error(`no feed ${pair}`)
  const abi = parseAbi([
    'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80)',
  ])
  const [roundId, answer, , updatedAt] = await client.readContract({
    address: proxy,
    abi,
    functionName: 'latestRoundData',
  })
  return { roundId, answer, updatedAt }
}
