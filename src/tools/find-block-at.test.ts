import { numberToHex } from 'viem'
import { afterEach, expect, test } from 'vitest'
import { type RpcNode, scriptedBlockHash, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { type Chains, createChains } from '../chain/chains.ts'
import { findBlockAt } from './find-block-at.ts'

const HEAD = 23_500_000n
const closing: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** A chain of `HEAD` blocks at the given times, of which the node has those from `first` on. */
async function openChain(timeOf: (number: bigint) => number, first = 0n) {
  const blockAt = (block: string) => {
    const number = block === 'latest' ? HEAD : BigInt(block)
    if (number > HEAD || number < first) return null
    const timestamp = numberToHex(timeOf(number))
    return { number: numberToHex(number), hash: scriptedBlockHash(number), timestamp, transactions: [] }
  }
  const node: RpcNode = await scriptedRpcNode({
    answers: { eth_getBlockByNumber: ([block]) => blockAt(block as string) },
  })
  const chains: Chains = createChains({ chains: ['ethereum'], rpcUrls: { 1: [node.url] } })
  closing.push(
    () => chains.close(),
    () => node.close(),
  )
  const { signal } = new AbortController()
  const scope = chains.openSession().scope(signal)
  const latest = await scope.block('ethereum')
  const find = (unixSec: number) => findBlockAt({ chain: scope.client, signal }, 'ethereum', unixSec, latest)
  return { find, node }
}

/** As Ethereum: about 15 s and uneven until 15,537,394, then 12 s with every hundredth slot empty. */
function likeEthereum(number: bigint): number {
  const n = Number(number)
  const merged = 15_537_394
  const early = 1_438_269_973 + Math.floor(Math.min(n, merged) * 14.5 + 3 * Math.sin(n))
  return n <= merged ? early : early + 12 * Math.floor((n - merged) * 1.01)
}

test('the last block at or before a moment is found among millions in a few requests', async () => {
  const { find, node } = await openChain(likeEthereum)
  for (const number of [23_499_999n, 23_492_800n, 20_000_000n, 15_537_395n, 9_000_000n, 17n]) {
    const before = node.posts.length
    const at = likeEthereum(number)
    expect(await find(at)).toEqual({ number, timestampSec: at })
    expect(await find(likeEthereum(number + 1n) - 1)).toMatchObject({ number })
    expect(node.posts.length - before, `requests for two searches of block ${number}`).toBeLessThanOrEqual(16)
  }
})

test('blocks of one second, and many blocks in one second, are told apart', async () => {
  const { find } = await openChain((number) => 1_700_000_000 + Number(number / 4n))
  expect(await find(1_700_000_100)).toMatchObject({ number: 403n })
})

test('a moment after the latest block is the latest block', async () => {
  const { find } = await openChain(likeEthereum)
  expect(await find(likeEthereum(HEAD) + 5)).toMatchObject({ number: HEAD })
})

test('a moment before the first block a node has is said to be unknown, not guessed', async () => {
  const { find } = await openChain(likeEthereum, 23_000_000n)
  expect(await find(likeEthereum(22_999_999n))).toBeUndefined()
  expect(await find(likeEthereum(23_000_000n))).toMatchObject({ number: 23_000_000n })
})

test('nodes that are down are not taken for missing blocks', async () => {
  const { find, node } = await openChain(likeEthereum)
  node.mood = { type: 'status', status: 500 }
  await expect(find(likeEthereum(20_000_000n))).rejects.toThrow()
})
