import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublicClient, erc20Abi, http, parseAbi } from 'viem'
import { arbitrum, base, mainnet } from 'viem/chains'
import { toCoinType } from 'viem/ens'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadMeta, type Meta, type MetaAccount } from './meta.ts'
import { type DevChain, startDevChain } from './start.ts'

const VITALIK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const feedAbi = parseAbi([
  'function description() view returns (string)',
  'function decimals() view returns (uint8)',
  'function latestRoundData() view returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound)',
])

// viem's own chains, nothing overridden: only the URL is ours.
const stock = { 1: mainnet, 8453: base, 42161: arbitrum } as const
let devChain: DevChain
let dataDir: string
let meta: Meta

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'groundwire-data-'))
  devChain = await startDevChain({ dataDir })
  meta = await loadMeta(1)
})

afterAll(async () => {
  await devChain?.stop()
  await rm(dataDir, { recursive: true, force: true })
})

test('vitalik.eth resolves both ways', async () => {
  const client = clientOf(1)
  expect(await client.getEnsAddress({ name: 'vitalik.eth', strict: true })).toBe(VITALIK)
  expect(await client.getEnsName({ address: VITALIK, strict: true })).toBe('vitalik.eth')
  expect(await client.getEnsText({ name: 'vitalik.eth', key: 'url', strict: true })).toBe('https://vitalik.ca')
})

test('every name of the meta resolves to the address the meta has, or to none', async () => {
  const client = clientOf(1)
  const onchain = meta.names.filter(({ resolver }) => resolver === 'public')
  const found = await Promise.all(onchain.map(({ name }) => client.getEnsAddress({ name, strict: true })))
  expect(found).toEqual(onchain.map(({ address }) => address))
  const primaries = meta.names.flatMap(({ name, primaryOf }) => primaryOf.map((address) => ({ name, address })))
  const names = await Promise.all(primaries.map(({ address }) => client.getEnsName({ address, strict: true })))
  expect(names).toEqual(primaries.map(({ name }) => name))
})

test('a name may have another address on Base', async () => {
  const alice = accountOf('alice').address
  const found = await clientOf(1).getEnsAddress({ name: 'alice.eth', coinType: toCoinType(base.id), strict: true })
  expect(found?.toLowerCase()).toBe(alice.toLowerCase())
})

test.for([
  { name: 'nobody-has-this.eth', error: 'ResolverNotFound' },
  { name: 'parked.eth', error: 'ResolverNotFound' },
  { name: 'sub.bob.eth', error: 'ResolverNotFound' },
])('$name fails with $error, as on mainnet', async ({ name, error }) => {
  await expect(clientOf(1).getEnsAddress({ name, strict: true })).rejects.toMatchObject({
    cause: { data: { errorName: error } },
  })
})

test('a name that answers off-chain only asks for CCIP-Read', async () => {
  const client = createPublicClient({ chain: mainnet, transport: http(urlOf(1), { retryCount: 0 }), ccipRead: false })
  await expect(client.getEnsAddress({ name: 'offchain.eth', strict: true })).rejects.toMatchObject({
    cause: { signature: '0x556f1830' },
  })
})

test('an off-chain name resolves through the gateway that its resolver names', async () => {
  const asked: string[] = []
  const client = createPublicClient({
    chain: mainnet,
    transport: http(urlOf(1), { retryCount: 0 }),
    ccipRead: {
      request: async ({ urls }) => {
        asked.push(...urls)
        return `0x${VITALIK.slice(2).toLowerCase().padStart(64, '0')}`
      },
    },
  })
  expect(await client.getEnsAddress({ name: 'offchain.eth', strict: true })).toBe(VITALIK)
  expect(asked).toEqual(['https://gateway.offchain.example/{sender}/{data}.json'])
})

test('a primary name that resolves elsewhere is not believed', async () => {
  await expect(clientOf(1).getEnsName({ address: accountOf('impostor').address, strict: true })).rejects.toMatchObject({
    cause: { data: { errorName: 'ReverseAddressMismatch' } },
  })
})

test('an address can be delegated by EIP-7702', async () => {
  const { address, delegatedTo } = accountOf('smart')
  expect(await clientOf(1).getDelegation({ address })).toBe(delegatedTo)
  expect(delegatedTo).toBe(meta.contracts.multicall3)
})

test('a symbol is not a token: one that nobody lists calls itself USDC, too', () => {
  const named = meta.tokens.filter(({ symbol }) => symbol === 'USDC')
  expect(named.map(({ kind }) => kind).sort()).toEqual(['fake', 'listed'])
})

test('MKR has its name and symbol as bytes32', async () => {
  const [mkr] = meta.tokens.filter(({ kind }) => kind === 'legacy')
  expect(mkr?.symbol).toBe('MKR')
  const read = { address: mkr?.address ?? VITALIK, functionName: 'symbol' } as const
  await expect(clientOf(1).readContract({ ...read, abi: erc20Abi })).rejects.toThrow()
  const symbol = await clientOf(1).readContract({
    ...read,
    abi: parseAbi(['function symbol() view returns (bytes32)']),
  })
  expect(symbol).toBe(`0x${Buffer.from('MKR').toString('hex').padEnd(64, '0')}`)
})

test('reads of an old block differ from the tip', async () => {
  const client = clientOf(1)
  const old = { blockNumber: BigInt(meta.genesisBlock) + 1n }
  expect(await client.getTransactionCount({ address: VITALIK, ...old })).toBe(1643)
  expect(await client.getTransactionCount({ address: VITALIK })).toBe(1648)
  expect(await client.getBalance({ address: VITALIK, ...old })).toBeGreaterThan(3_412_750_000_000_000_000_000n)
  const usdc = meta.tokens.find(({ symbol }) => symbol === 'USDC')
  const read = { address: usdc?.address ?? VITALIK, abi: erc20Abi, functionName: 'balanceOf', args: [VITALIK] } as const
  expect(await client.readContract(read)).toBe(1_234_500_000n)
  expect(await client.readContract({ ...read, ...old })).toBe(1_222_155_000n)
  expect(await client.getEnsAddress({ name: 'vitalik.eth', strict: true, ...old })).toBe(VITALIK)
})

test('Base and Arbitrum are other chains: the same people, other figures', async () => {
  const figures = await Promise.all(
    ([1, 8453, 42161] as const).map(async (chainId) => {
      const client = clientOf(chainId)
      return [await client.getBalance({ address: VITALIK }), await client.getTransactionCount({ address: VITALIK })]
    }),
  )
  expect(figures).toEqual([
    [3_412_750_000_000_000_000_000n, 1648],
    [331_700_000_000_000_000n, 27],
    [1_875_000_000_000_000_000n, 96],
  ])
})

describe.each([1, 8453, 42161] as const)('what the meta says of chain %i is true at the tip', (chainId) => {
  test('of accounts: nonces and balances', async () => {
    const { accounts } = await loadMeta(chainId)
    const client = clientOf(chainId)
    const found = await Promise.all(
      accounts.map(async ({ address }) => ({
        nonce: await client.getTransactionCount({ address }),
        balance: String(await client.getBalance({ address })),
      })),
    )
    expect(found).toEqual(accounts.map(({ nonce, balance }) => ({ nonce, balance })))
  })

  test('of tokens: names, decimals and who holds how much, by multicall', async () => {
    const { tokens } = await loadMeta(chainId)
    const client = clientOf(chainId)
    const texts = await client.multicall({
      allowFailure: false,
      contracts: tokens
        .filter(({ kind }) => kind !== 'legacy')
        .flatMap(({ address }) =>
          (['symbol', 'name', 'decimals'] as const).map(
            (functionName) => ({ address, abi: erc20Abi, functionName }) as const,
          ),
        ),
    })
    expect(texts).toEqual(
      tokens.filter(({ kind }) => kind !== 'legacy').flatMap(({ symbol, name, decimals }) => [symbol, name, decimals]),
    )
    const holdings = tokens.flatMap(({ address, holders }) => holders.map((holder) => ({ token: address, holder })))
    const balances = await client.multicall({
      allowFailure: false,
      contracts: holdings.map(
        ({ token, holder }) =>
          ({ address: token, abi: erc20Abi, functionName: 'balanceOf', args: [holder.address] }) as const,
      ),
    })
    expect(balances.map(String)).toEqual(holdings.map(({ holder }) => holder.raw))
  })

  test('of feeds: their answers, and which are fresh', async () => {
    const { feeds, builtAtSec } = await loadMeta(chainId)
    const client = clientOf(chainId)
    const { timestamp } = await client.getBlock()
    const found = await Promise.all(
      feeds.map(async ({ proxy }) => {
        const read = { address: proxy, abi: feedAbi } as const
        const [, answer, , updatedAt] = await client.readContract({ ...read, functionName: 'latestRoundData' })
        const description = await client.readContract({ ...read, functionName: 'description' })
        const decimals = await client.readContract({ ...read, functionName: 'decimals' })
        return { description, decimals, answer: String(answer), ageSec: Number(timestamp - updatedAt) }
      }),
    )
    const facts = found.map(({ ageSec, ...fact }) => fact)
    expect(facts).toEqual(feeds.map(({ description, decimals, answer }) => ({ description, decimals, answer })))
    const isFresh = found.map(({ ageSec }) => ageSec < 3600)
    expect(isFresh).toEqual(feeds.map(({ kind }) => kind === 'fresh' || kind === 'zero'))
    const oldest = Math.max(...found.map(({ ageSec }) => ageSec))
    expect(oldest).toBeGreaterThanOrEqual(Number(timestamp) - builtAtSec)
  })
})

function urlOf(chainId: keyof typeof stock): string {
  const url = devChain.rpcUrls[chainId]?.[0]
  if (url === undefined) throw new Error(`chain ${chainId} does not run`)
  return url
}

function clientOf(chainId: keyof typeof stock) {
  return createPublicClient({ chain: stock[chainId], transport: http(urlOf(chainId), { retryCount: 0 }), cacheTime: 0 })
}

function accountOf(label: string): MetaAccount {
  const account = meta.accounts.find((candidate) => candidate.label === label)
  if (account === undefined) throw new Error(`the meta has no account ${label}`)
  return account
}
