import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeErrorResult, keccak256, namehash, parseAbi, stringToBytes } from 'viem'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { devClient } from '../../devchain/dev-client.ts'
import { type DevChain, startDevChain } from '../../devchain/start.ts'
import {
  closedRpcUrl,
  type RpcNode,
  type RpcNodeOptions,
  scriptedBlockHash,
  scriptedRpcNode,
} from '../../test/support/rpc-node.ts'
import { canonicalJson } from './canonical-json.ts'
import { toChainErrorMessage } from './chain-error.ts'
import { type Chains, createChains } from './chains.ts'

const VITALIK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const MULTICALL3 = '0xcA11bde05977b3631167028862bE2a173976CA11'

let directory: string
let devChain: DevChain

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'groundwire-chains-'))
  devChain = await startDevChain({ chainIds: [1], dataDir: directory })
})

afterAll(async () => {
  await devChain?.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Chains over one node of ethereum; both end with the test. */
async function chainsOver(options: RpcNodeOptions): Promise<{ chains: Chains; node: RpcNode }> {
  const node = await scriptedRpcNode(options)
  const chains = createChains({ chains: ['ethereum', 'base'], rpcUrls: { 1: [`${node.url}/v2/s3cret`] } })
  onTestFinished(async () => {
    await chains.close()
    await node.close()
  })
  return { chains, node }
}

const overDevChain = () => chainsOver({ forwardTo: devChain.rpcUrls[1]?.[0] ?? '' })

const forever = () => new AbortController().signal

test('the nonce of a name costs four HTTP requests: the block, the name, the nonce, and the block again', async () => {
  const { chains, node } = await overDevChain()
  const session = chains.openSession()
  const scope = session.scope(forever())

  const { hex } = await scope.resolveAddress('vitalik.eth')
  expect(await scope.client('ethereum').getTransactionCount({ address: hex })).toBe(1648)
  expect(await session.findReorgs(forever())).toEqual([])

  expect(node.posts.map((post) => post.toSorted())).toEqual([
    ['eth_chainId', 'eth_getBlockByNumber'],
    ['eth_call'],
    ['eth_getTransactionCount'],
    ['eth_getBlockByNumber'],
  ])
})

test('another run at the same block costs its own block alone', async () => {
  const { chains, node } = await overDevChain()
  const ask = async () => {
    const scope = chains.openSession().scope(forever())
    const { hex } = await scope.resolveAddress('vitalik.eth')
    return scope.client('ethereum').getTransactionCount({ address: hex })
  }
  await ask()
  const before = node.posts.length

  expect(await ask()).toBe(1648)

  expect(node.posts.slice(before)).toEqual([['eth_getBlockByNumber', 'eth_chainId']])
})

test('a run that goes on from the block of another reads there, unless no node knows it any more', async () => {
  const { chains } = await overDevChain()
  const first = chains.openSession()
  const block = await first.scope(forever()).block('ethereum')
  await devClient(devChain.rpcUrls[1]?.[0] ?? '', 1).mine({ blocks: 2 })

  const next = chains.openSession([block])
  expect(next.blocks()).toEqual([block])
  expect(await next.scope(forever()).client('ethereum').getBlockNumber()).toBe(block.number)

  const lost = chains.openSession([{ ...block, hash: `0x${'ab'.repeat(32)}` }])
  expect((await lost.scope(forever()).block('ethereum')).number).toBeGreaterThanOrEqual(block.number + 2n)
})

describe('a run that goes on from the block of another', () => {
  const EARLIER = { chain: 'ethereum', chainId: 1, number: 99n, hash: scriptedBlockHash(99n), timestampSec: 1 } as const
  const asBlock = (hash: unknown) => ({ number: '0x63', hash, timestamp: '0x1', transactions: [] })
  const forgets = { head: 102n, answers: { eth_getBlockByHash: () => null } }

  test('asks another node where the first does not know it', async () => {
    await using behind = await scriptedRpcNode(forgets)
    await using well = await scriptedRpcNode({ head: 102n, answers: { eth_getBlockByHash: ([hash]) => asBlock(hash) } })
    const chains = createChains({ chains: ['ethereum'], rpcUrls: { 1: [behind.url, well.url] } })

    const session = chains.openSession([EARLIER])
    expect((await session.scope(forever()).block('ethereum')).number).toBe(99n)
    expect(session.blocks()).toMatchObject([{ number: 99n }])
    await chains.close()
  })

  test('tells that it was replaced, also where it then reads another', async () => {
    const { chains, node } = await chainsOver(forgets)
    node.fork = 'other'
    const session = chains.openSession([EARLIER])
    await session.scope(forever()).client('ethereum').getBalance({ address: VITALIK })

    expect(session.blocks().map(({ number }) => number)).toEqual([99n, 102n])
    expect(await session.findReorgs(forever())).toEqual([EARLIER])

    const next = chains.openSession(session.blocks())
    expect((await next.scope(forever()).block('ethereum')).hash).toBe(scriptedBlockHash(102n, 'other'))
    expect(await next.findReorgs(forever())).toEqual([EARLIER])
  })

  test('tells of two blocks and no reorg where the nodes have only forgotten it', async () => {
    const { chains } = await chainsOver(forgets)
    const session = chains.openSession([EARLIER])
    await session.scope(forever()).block('ethereum')

    expect(session.blocks().map(({ number }) => number)).toEqual([99n, 102n])
    expect(await session.findReorgs(forever())).toEqual([])
  })

  test('reads there where the nodes do not serve blocks by hash', async () => {
    const { chains } = await chainsOver({ head: 102n })
    const session = chains.openSession([EARLIER])

    expect(await session.scope(forever()).client('ethereum').getBlockNumber()).toBe(99n)
    expect(session.blocks()).toMatchObject([{ number: 99n, hash: EARLIER.hash }])
  })
})

test('a block of a chain that is not enabled here is passed over', async () => {
  const { chains } = await overDevChain()
  const block = await chains.openSession().scope(forever()).block('ethereum')
  expect(chains.openSession([{ ...block, chain: 'arbitrum', chainId: 42_161 }]).blocks()).toEqual([])
})

test('reads of several tool calls in one step leave in one HTTP request, after one for the block', async () => {
  const { chains, node } = await overDevChain()
  const session = chains.openSession()
  const [first, second] = [session.scope(forever()).client('ethereum'), session.scope(forever()).client('ethereum')]

  await Promise.all([
    first.getBalance({ address: VITALIK }),
    first.getTransactionCount({ address: VITALIK }),
    second.getCode({ address: MULTICALL3 }),
    second.multicall({
      contracts: [
        {
          address: MULTICALL3,
          abi: parseAbi(['function getBlockNumber() view returns (uint256)']),
          functionName: 'getBlockNumber',
        },
      ],
    }),
  ])

  expect(node.posts.map((post) => post.toSorted())).toEqual([
    ['eth_chainId', 'eth_getBlockByNumber'],
    ['eth_call', 'eth_getBalance', 'eth_getCode', 'eth_getTransactionCount'],
  ])
})

test('a run sees one block from its first read to its end; the next run sees the next', async () => {
  const { chains } = await overDevChain()
  const dev = devClient(devChain.rpcUrls[1]?.[0] ?? '', 1)
  const session = chains.openSession()
  const address = '0x00000000000000000000000000000000000000b2'
  const client = session.scope(forever()).client('ethereum')
  const before = await client.getBalance({ address })
  const block = await session.scope(forever()).block('ethereum')

  await dev.setBalance({ address, value: before + 5n })
  await dev.mine({ blocks: 1 })

  const later = session.scope(forever())
  expect(await later.client('ethereum').getBalance({ address })).toBe(before)
  expect(await later.client('ethereum').getBlockNumber()).toBe(block.number)
  expect(await later.client('ethereum').getBlock()).toMatchObject({ number: block.number, hash: block.hash })
  const provider = await later.ethers('ethereum')
  expect(await provider.getBalance(address)).toBe(before)
  expect(session.blocks()).toEqual([block])

  const next = chains.openSession().scope(forever())
  expect(await next.client('ethereum').getBalance({ address })).toBe(before + 5n)
  expect(await next.block('ethereum')).toMatchObject({ chain: 'ethereum', chainId: 1, number: block.number + 1n })
})

test('code written for ethers reads through the same stack, in one HTTP request a tick', async () => {
  const { chains, node } = await overDevChain()
  const session = chains.openSession()
  const provider = await session.scope(forever()).ethers('ethereum')
  await session.scope(forever()).block('ethereum')
  const before = node.posts.length

  const [nonce, balance] = await Promise.all([provider.getTransactionCount(VITALIK), provider.getBalance(VITALIK)])

  expect(nonce).toBe(1648)
  expect(balance).toBe(await session.scope(forever()).client('ethereum').getBalance({ address: VITALIK }))
  expect(node.posts.slice(before).map((post) => post.toSorted())).toEqual([
    ['eth_getBalance', 'eth_getTransactionCount'],
  ])
  expect(await provider.resolveName('vitalik.eth')).toBe(VITALIK)
  await expect(provider.broadcastTransaction('0x02')).rejects.toThrow()
  expect(node.requests.map(({ method }) => method)).not.toContain('eth_sendRawTransaction')
})

test('each call knows the blocks it has read; the run knows them all', async () => {
  const { chains } = await overDevChain()
  const session = chains.openSession()
  const [reader, idler] = [session.scope(forever()), session.scope(forever())]

  await reader.client('ethereum').getBalance({ address: VITALIK })

  expect(reader.blocksRead()).toEqual(session.blocks())
  expect(reader.blocksRead()).toHaveLength(1)
  expect(idler.blocksRead()).toEqual([])
})

test('the evidence of a run is enough to ask again and compare', async () => {
  const { chains, node } = await overDevChain()
  const session = chains.openSession()
  const client = session.scope(forever()).client('ethereum')
  await Promise.all([client.getBalance({ address: VITALIK }), client.getCode({ address: MULTICALL3 })])
  const [block] = session.blocks()

  expect(session.evidence()).toHaveLength(2)
  for (const { method, params, resultDigest, blockNumber } of session.evidence()) {
    expect(blockNumber).toBe(block?.number)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
    const reply = await fetch(node.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
    const { result } = (await reply.json()) as { result: unknown }
    expect(keccak256(stringToBytes(canonicalJson(result)))).toBe(resultDigest)
  }
})

test('a call that is aborted ends at once, and the other calls of the run go on', async () => {
  const { chains, node } = await chainsOver({ mood: { type: 'hang' } })
  const session = chains.openSession()
  const caller = new AbortController()
  const ended = session.scope(caller.signal).client('ethereum').getBalance({ address: VITALIK })
  const going = session.scope(forever()).client('ethereum').getBalance({ address: VITALIK })
  const outcome = Promise.allSettled([going])
  await expect.poll(() => node.openPosts).toBe(1)

  caller.abort()
  await expect(ended).rejects.toThrow()
  expect(node.openPosts).toBe(1)

  node.mood = { type: 'well' }
  node.dropOpen()
  await outcome
  expect(await session.scope(forever()).client('ethereum').getBalance({ address: VITALIK })).toBe(1n)
})

test('a run that is aborted leaves no request open', async () => {
  const { chains, node } = await chainsOver({ mood: { type: 'hang' } })
  const caller = new AbortController()
  const scope = chains.openSession().scope(caller.signal)
  const reads = Promise.allSettled([scope.client('ethereum').getGasPrice(), scope.resolveAddress('vitalik.eth')])
  await expect.poll(() => node.openPosts).toBe(1)

  caller.abort(new Error('the caller left'))

  expect(await reads).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected', reason: { message: 'the caller left' } },
  ])
  await expect.poll(() => node.openPosts).toBe(0)
})

test('a block that is not canonical any more at the end of the run is reported', async () => {
  const { chains, node } = await chainsOver({})
  const session = chains.openSession()
  const block = await session.scope(forever()).block('ethereum')
  expect(await session.findReorgs(forever())).toEqual([])

  node.fork = 'other'
  expect(await session.findReorgs(forever())).toEqual([block])

  node.fork = 'main'
  node.head -= 1n
  expect(await session.findReorgs(forever())).toEqual([block])
})

test('the question for reorgs ends with its signal', async () => {
  const { chains, node } = await chainsOver({})
  const session = chains.openSession()
  await session.scope(forever()).block('ethereum')
  node.mood = { type: 'hang' }

  await expect(session.findReorgs(AbortSignal.timeout(50))).rejects.toThrow()
  await expect.poll(() => node.openPosts).toBe(0)
})

test('a run keeps evidence of its first thousand reads', async () => {
  const { chains } = await chainsOver({})
  const session = chains.openSession()
  const client = session.scope(forever()).client('ethereum')

  await Promise.all(Array.from({ length: 1_001 }, () => client.getBalance({ address: VITALIK })))

  expect(session.evidence()).toHaveLength(1_000)
})

test('a node that cannot be asked is no reorg', async () => {
  const { chains, node } = await chainsOver({})
  const session = chains.openSession()
  await session.scope(forever()).block('ethereum')

  node.mood = { type: 'dead' }

  expect(await session.findReorgs(forever())).toEqual([])
})

test('what would write is refused before it reaches a node', async () => {
  const { chains, node } = await chainsOver({})
  const client = chains.openSession().scope(forever()).client('ethereum')

  const error = await client.sendRawTransaction({ serializedTransaction: '0x02' }).catch((error: unknown) => error)

  expect(toChainErrorMessage(error)).toBe(
    'Tools only read the chain: eth_sendRawTransaction is not among the methods they may call.',
  )
  expect(node.requests).toEqual([])
})

test('a chain that is not enabled is refused by name', async () => {
  const { chains } = await chainsOver({})
  const scope = chains.openSession().scope(forever())

  expect(() => scope.client('polygon')).toThrow('polygon is not enabled here. Enabled: ethereum, base.')
  await expect(scope.block('polygon')).rejects.toThrow('polygon is not enabled here')
  await expect(scope.ethers('polygon')).rejects.toThrow('polygon is not enabled here')
})

test('an address that a contract names for an off-chain lookup is never asked', async () => {
  await using trap = await scriptedRpcNode({})
  const abi = parseAbi([
    'error OffchainLookup(address sender, string[] urls, bytes callData, bytes4 callback, bytes extra)',
  ])
  const args = [VITALIK, [`${trap.url}/{sender}/{data}`], '0x', '0x12345678', '0x'] as const
  const data = encodeErrorResult({ abi, errorName: 'OffchainLookup', args })
  const { chains } = await chainsOver({
    answers: {
      eth_call: () => {
        throw { code: 3, message: 'execution reverted', data }
      },
    },
  })
  const scope = chains.openSession().scope(forever())
  const provider = await scope.ethers('ethereum')

  await expect(scope.client('ethereum').call({ to: VITALIK, data: '0x12345678' })).rejects.toThrow()
  await expect(provider.call({ to: VITALIK, data: '0x12345678', enableCcipRead: true })).rejects.toThrow()
  expect(trap.headers).toEqual([])
})

test('an avatar that a name points to is never fetched', async () => {
  const { chains } = await overDevChain()
  const dev = devClient(devChain.rpcUrls[1]?.[0] ?? '', 1)
  const hash = await dev.writeContract({
    account: VITALIK,
    address: await dev.getEnsResolver({ name: 'vitalik.eth' }),
    abi: parseAbi(['function setText(bytes32 node, string key, string value)']),
    functionName: 'setText',
    args: [namehash('vitalik.eth'), 'avatar', 'https://avatar.example/1.png'],
  })
  await dev.waitForTransactionReceipt({ hash })
  const provider = await chains.openSession().scope(forever()).ethers('ethereum')

  expect(await (await provider.getResolver('vitalik.eth'))?.getText('avatar')).toBe('https://avatar.example/1.png')
  expect(await provider.getAvatar('vitalik.eth')).toBeNull()
})

test('a silent node is left within two seconds', async () => {
  await using silent = await scriptedRpcNode({ mood: { type: 'hang' } })
  await using well = await scriptedRpcNode({})
  const chains = createChains({ chains: ['ethereum'], rpcUrls: { 1: [silent.url, well.url] } })
  const startedAt = performance.now()

  expect(await chains.openSession().scope(forever()).client('ethereum').getBalance({ address: VITALIK })).toBe(1n)

  expect(performance.now() - startedAt).toBeLessThan(2_000)
  await chains.close()
})

test('the check tells ethereum and the chains with nodes of their own, and names no address', async () => {
  await using well = await scriptedRpcNode({ head: 5n })
  await using wrong = await scriptedRpcNode({ chainId: 1 })
  const chains = createChains({
    chains: ['ethereum', 'base', 'arbitrum', 'polygon'],
    rpcUrls: { 1: [well.url], 8453: [wrong.url], 42161: [await closedRpcUrl()] },
  })

  expect(await chains.check(forever())).toEqual([
    { chain: 'ethereum', chainId: 1, status: 'ok', blockNumber: 5n },
    {
      chain: 'base',
      chainId: 8453,
      status: 'down',
      detail: 'No node of base answers (asked 1: is on another chain). Check RPC_URL_8453.',
    },
    {
      chain: 'arbitrum',
      chainId: 42161,
      status: 'down',
      detail: 'No node of arbitrum answers (asked 1: cannot be reached). Check RPC_URL_42161.',
    },
  ])
  await chains.close()
})

test('the check does not wait for a node that is silent', async () => {
  const { chains } = await chainsOver({ mood: { type: 'hang' } })

  expect(await chains.check(AbortSignal.timeout(50))).toMatchObject([
    { chain: 'ethereum', status: 'down', detail: 'No node of ethereum answers in time.' },
  ])
})
