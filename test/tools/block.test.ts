import { createPublicClient, http } from 'viem'
import { mainnet } from 'viem/chains'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevToolbox, openDevToolbox } from './toolbox.ts'

type BlockAnswer = { number: number; hash: string; timestampSec: number; transactions: number; isLatest: boolean }

let tools: DevToolbox

beforeAll(async () => {
  tools = await openDevToolbox([1])
})
afterAll(() => tools.close())

function node() {
  return createPublicClient({ chain: mainnet, transport: http(tools.urls[1]), cacheTime: 0 })
}

test('the latest block is the one the node is at', async () => {
  const tip = await node().getBlock()
  const answer = await tools.get<BlockAnswer>('block', {})
  expect(answer).toMatchObject({
    number: Number(tip.number),
    hash: tip.hash,
    timestampSec: Number(tip.timestamp),
    isLatest: true,
  })
  expect(answer.summary).toContain(`The latest block on ethereum is ${tip.number}`)
})

test('a block by its number is that block', async () => {
  const tip = await node().getBlockNumber()
  for (const back of [1n, 50n, 137n]) {
    const block = await node().getBlock({ blockNumber: tip - back })
    expect(await tools.get<BlockAnswer>('block', { block: Number(block.number) })).toMatchObject({
      number: Number(block.number),
      hash: block.hash,
      transactions: block.transactions.length,
      isLatest: false,
    })
  }
})

test('a block by time is the last one at or before it', async () => {
  const tip = await node().getBlockNumber()
  const block = await node().getBlock({ blockNumber: tip - 77n })
  const next = await node().getBlock({ blockNumber: tip - 76n })
  for (const time of [Number(block.timestamp), Number(next.timestamp) - 1]) {
    expect(await tools.get<BlockAnswer>('block', { time })).toMatchObject({ number: Number(block.number) })
    const iso = new Date(time * 1000).toISOString()
    expect(await tools.get<BlockAnswer>('block', { time: iso })).toMatchObject({ number: Number(block.number) })
  }
})

test("a time that counts back starts at the chain's clock", async () => {
  const tip = await node().getBlock()
  const answer = await tools.get<BlockAnswer>('block', { time: '10 minutes ago' })
  expect(answer.timestampSec).toBeLessThanOrEqual(Number(tip.timestamp) - 600)
  expect(answer.timestampSec).toBeGreaterThan(Number(tip.timestamp) - 600 - 13)
})

test.each([
  [{ block: 99_999_999 }, 'has no block 99999999 yet: its latest is'],
  [{ block: 5 }, 'do not have block 5'],
  [{ time: '2200-01-01' }, 'has not come yet'],
  [{ time: '2016-01-01' }, 'have no block as old as 2016-01-01'],
  [{ block: 5, time: '2016-01-01' }, 'not both'],
  [{ time: 'next tuesday' }, "'next tuesday' is not a time"],
])('%j is refused with the reason', async (args, reason) => {
  expect(await tools.fail('block', args)).toContain(reason)
})
