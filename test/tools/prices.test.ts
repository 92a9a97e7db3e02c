import { concat, formatUnits, type Hex, numberToHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createControl } from '../../devchain/control.ts'
import { loadMeta, type Meta } from '../../devchain/meta.ts'
import { findSequencerFeed } from '../../src/tools/feed-list.ts'
import { type DevToolbox, openDevToolbox } from './toolbox.ts'

type Prices = {
  prices: {
    asset: string
    price: { raw: string; decimals: number; formatted: string }
    chain: string
    ageSec: number
    sources: { pair: string; proxy: string; answer: string; updatedAtSec: number }[]
    remarks: string[]
  }[]
  unpriced: { asset: string; reason: string }[]
}

let tools: DevToolbox
let meta: Meta
let base: Meta
let arbitrum: Meta

beforeAll(async () => {
  const metas = Promise.all([loadMeta(1), loadMeta(8453), loadMeta(42161)])
  tools = await openDevToolbox([1, 8453, 42161])
  ;[meta, base, arbitrum] = await metas
})
afterAll(() => tools.close())

function feed(chain: Meta, pair: string) {
  const found = chain.feeds.find((candidate) => candidate.pair === pair)
  if (found === undefined) throw new Error(`no feed ${pair}`)
  return found
}

function control(chainId: 1 | 8453) {
  return createControl({ url: tools.urls[chainId] ?? '', chainId })
}

describe('price', () => {
  test('of every fresh dollar feed is the feed’s own answer, exact', async () => {
    const fresh = meta.feeds.filter(({ pair, kind }) => kind === 'fresh' && pair.endsWith('/USD'))
    const assets = fresh.map(({ pair }) => pair.split('/')[0] ?? '')
    const { prices, unpriced } = await tools.get<Prices>('price', { assets })
    expect(unpriced).toEqual([])
    expect(prices.map(({ price }) => price.formatted)).toEqual(
      fresh.map(({ answer, decimals }) => formatUnits(BigInt(answer), decimals)),
    )
    expect(prices.map(({ sources }) => sources[0]?.proxy)).toEqual(fresh.map(({ proxy }) => proxy))
    for (const { ageSec, remarks } of prices) {
      expect(ageSec).toBeLessThan(3_600)
      expect(remarks).toEqual([])
    }
  })

  test('of several assets on one chain costs two requests: the block, and all feeds together', async () => {
    const ask = () => tools.get('price', { assets: ['ETH', 'BTC', 'LINK', 'LDO', 'EUR'] })
    expect(await tools.countPosts(ask)).toBeLessThanOrEqual(2)
  })

  test('says the price, its age and its source in one sentence', async () => {
    const { summary } = await tools.get('price', { assets: 'ETH' })
    expect(summary).toMatch(/^By Chainlink, 1 ETH is about 4,150\.12 USD \(\d+ (s|min) old\)\.$/)
  })

  test('of an asset with a feed in ETH alone is composed, and says of what', async () => {
    const { prices } = await tools.get<Prices>('price', { assets: ['LDO', 'rETH'] })
    for (const { asset, price, remarks } of prices) {
      const inEth = feed(meta, `${asset.toUpperCase()}/ETH`)
      const exact = BigInt(inEth.answer) * BigInt(feed(meta, 'ETH/USD').answer)
      expect(price).toMatchObject({ raw: (exact / 10n ** 8n).toString(), decimals: 18 })
      expect(remarks).toEqual([`composed of ${asset.toUpperCase()}/ETH and ETH/USD`])
    }
  })

  test('on another chain is that chain’s', async () => {
    const { prices } = await tools.get<Prices>('price', { assets: ['ETH'], chain: 'base' })
    expect(prices[0]).toMatchObject({ chain: 'base', price: { raw: feed(base, 'ETH/USD').answer } })
  })

  test('of an asset without a feed there falls back to another chain, and says so', async () => {
    const { prices, summary } = await tools.get<Prices>('price', { assets: ['ARB', 'XAU'], chain: 'base' })
    expect(prices[0]).toMatchObject({ chain: 'arbitrum', price: { raw: feed(arbitrum, 'ARB/USD').answer } })
    expect(prices[1]).toMatchObject({ chain: 'ethereum', price: { raw: feed(meta, 'XAU/USD').answer } })
    expect(summary).toContain('by a feed on arbitrum, since none answers on base')
  })

  test('of a wrapped coin is the coin’s, and says so', async () => {
    const { prices } = await tools.get<Prices>('price', { assets: ['WETH', 'bitcoin'] })
    expect(prices).toMatchObject([
      { price: { raw: feed(meta, 'ETH/USD').answer }, remarks: ['priced as ETH'] },
      { price: { raw: feed(meta, 'BTC/USD').answer }, remarks: ['priced as BTC'] },
    ])
  })

  test('is refused where the last answer is too old', async () => {
    const stale = feed(meta, 'SUSHI/USD')
    expect(stale.kind).toBe('stale')
    expect(await tools.fail('price', { assets: ['SUSHI'] })).toMatch(
      /^There is no price of SUSHI: the SUSHI\/USD feed on ethereum is stale: its last answer is of \d{4}-.*, \d+ days ago\.$/,
    )
  })

  test('is refused where the answer is zero or negative, and does not spoil the others', async () => {
    expect(await tools.fail('price', { assets: ['SPELL'] })).toContain('reports 0, which is no price')
    const { prices, unpriced } = await tools.get<Prices>('price', { assets: ['SPELL', 'BTC'] })
    expect(prices.map(({ asset }) => asset)).toEqual(['BTC'])
    expect(unpriced).toMatchObject([{ asset: 'SPELL' }])
  })

  test('of one asset written in several ways is given once, and a listed token may be named by its address', async () => {
    const usdc = meta.tokens.find(({ symbol, kind }) => symbol === 'USDC' && kind === 'listed')?.address
    const { prices } = await tools.get<Prices>('price', { assets: ['ETH', 'eth', usdc, '$LINK'] })
    expect(prices.map(({ asset }) => asset)).toEqual(['ETH', 'USDC', '$LINK'])
    expect((await tools.get<Prices>('price', { assets: 'ETH/USD' })).prices).toHaveLength(1)
  })

  test('of a contract that only claims a symbol is never that symbol’s', async () => {
    const fake = meta.tokens.find(({ symbol, kind }) => symbol === 'USDC' && kind === 'fake')?.address
    expect(await tools.fail('price', { assets: [fake] })).toContain(`There is no price of ${fake}`)
  })

  test('is refused where the feed dates its answer in the future, as it would never grow stale', async () => {
    const before = await control(1).snapshot()
    await control(1).setCode(feed(meta, 'SOL/USD').proxy, sayingAlways([8n, 21_288_000_000n, 1n, 4_000_000_000n, 8n]))
    await control(1).mine()
    expect(await tools.fail('price', { assets: ['SOL'] })).toContain('dates its answer after the block it is read at')
    await control(1).revert(before)
  })

  test('says so where the sequencer feed has no round yet', async () => {
    const before = await control(8453).snapshot()
    const uptime = findSequencerFeed('base') ?? '0x'
    await control(8453).setCode(uptime, sayingAlways([1n, 0n, 0n, 0n, 1n]))
    await control(8453).mine()
    const { summary } = await tools.get('price', { assets: ['ETH'], chain: 'base' })
    expect(summary).toContain('whether the sequencer is up could not be read')
    await control(8453).revert(before)
  })

  test('is refused for what has no feed', async () => {
    expect(await tools.fail('price', { assets: ['NOSUCHASSET'] })).toContain('no Chainlink feed of NOSUCHASSET')
  })

  test('is refused while a sequencer is down, and for an hour after', async () => {
    const before = await control(8453).snapshot()
    await control(8453).setSequencer(1n)
    expect(await tools.fail('price', { assets: ['ETH'], chain: 'base' })).toContain('the sequencer of base is down')
    await control(8453).setSequencer(0n)
    expect(await tools.fail('price', { assets: ['ETH'], chain: 'base' })).toContain('came back less than an hour ago')
    await control(8453).increaseTime(3_700)
    expect(await tools.get<Prices>('price', { assets: ['ETH'], chain: 'base' })).toMatchObject({ unpriced: [] })
    await control(8453).revert(before)
  })

  test('follows the feed, and grows old with the chain', async () => {
    const before = await control(1).snapshot()
    await control(1).submitPrice('ETH/USD', 4_321_00000000n)
    expect((await tools.get<Prices>('price', { assets: ['ETH'] })).prices[0]?.price.formatted).toBe('4321')
    await control(1).increaseTime(25 * 3_600 + 60)
    expect(await tools.fail('price', { assets: ['ETH'] })).toContain('stale')
    await control(1).revert(before)
  })
})

describe('gas', () => {
  type Gas = {
    baseFeeGwei: string
    priorityFeeGwei: string
    gasPriceGwei: string
    transfer: { gas: number; cost: { raw: string }; usd: { formatted: string } | null }
  }

  test('adds up: base fee and tip, times 21,000, times the price of the coin', async () => {
    const { gasPriceGwei, baseFeeGwei, priorityFeeGwei, transfer } = await tools.get<Gas>('gas', {})
    const wei = BigInt(Math.round(Number(gasPriceGwei) * 1e9))
    expect(Number(baseFeeGwei) + Number(priorityFeeGwei)).toBeCloseTo(Number(gasPriceGwei), 9)
    expect(Number(gasPriceGwei)).toBeGreaterThan(0)
    expect(transfer.cost.raw).toBe((21_000n * wei).toString())
    const micro = (21_000n * wei * BigInt(feed(meta, 'ETH/USD').answer) + 5n * 10n ** 19n) / 10n ** 20n
    expect(transfer.usd?.formatted).toBe(formatUnits(micro, 6))
  })

  test('on a rollup says what the figure leaves out', async () => {
    expect((await tools.get('gas', { chain: 'base' })).summary).toContain('L1 data fee')
    expect((await tools.get('gas', { chain: 'arbitrum' })).summary).toContain('more than 21,000')
    expect((await tools.get('gas', { chain: 'ethereum' })).summary).not.toContain('L1')
  })
})

describe('portfolio', () => {
  type Portfolio = {
    totalUsd: { raw: string }
    holdings: { symbol: string; address: string | null; balance: { raw: string }; valueUsd: string | null }[]
    unpriced: { symbol: string }[]
  }

  test('holds the coin and every listed token with their exact balances, and nothing that is zero', async () => {
    for (const { label, address, balance } of meta.accounts) {
      const { holdings } = await tools.get<Portfolio>('portfolio', { address })
      const expected = meta.tokens
        .filter(({ kind }) => kind !== 'fake')
        .flatMap((token) =>
          token.holders.filter((holder) => holder.label === label).map(({ raw }) => [token.address as string, raw]),
        )
      expect(holdings.find((held) => held.address === null)?.balance.raw).toBe(balance)
      const tokens = holdings.flatMap((held) => (held.address === null ? [] : [[held.address, held.balance.raw]]))
      expect(tokens.toSorted()).toEqual(expected.toSorted())
    }
  })

  test('sums what is priced, largest first, and names what is not', async () => {
    const { holdings, totalUsd, unpriced, summary } = await tools.get<Portfolio>('portfolio', {
      address: 'treasury.eth',
    })
    const cents = holdings.map(({ valueUsd }) => (valueUsd === null ? null : Math.round(Number(valueUsd) * 100)))
    const priced = cents.filter((value) => value !== null)
    expect(Number(totalUsd.raw)).toBe(priced.reduce((sum, value) => sum + value, 0))
    expect(priced).toEqual(priced.toSorted((a, b) => b - a))
    expect(cents.slice(priced.length).every((value) => value === null)).toBe(true)
    expect(unpriced.map(({ symbol }) => symbol)).toEqual(expect.arrayContaining(['WBTC', 'MKR']))
    expect(summary).toContain('Without a price and not in the total:')
  })

  test('values a holding at the feed’s price, to the cent', async () => {
    const { holdings } = await tools.get<Portfolio>('portfolio', { address: 'bob.eth' })
    const bob = meta.accounts.find(({ label }) => label === 'bob')
    const cents = (BigInt(bob?.balance ?? 0) * BigInt(feed(meta, 'ETH/USD').answer) + 5n * 10n ** 23n) / 10n ** 24n
    expect(holdings.find(({ address }) => address === null)?.valueUsd).toBe(formatUnits(cents, 2))
  })

  test('says which of its symbols several contracts share', async () => {
    const { summary } = await tools.get('portfolio', { address: 'vitalik.eth', chain: 'arbitrum' })
    expect(summary).toContain('Several tokens of arbitrum are called USDC: each is valued alike.')
    expect((await tools.get('portfolio', { address: 'vitalik.eth' })).summary).not.toContain('Several tokens')
  })

  test('without any price is not called worth nothing', async () => {
    const before = await control(8453).snapshot()
    await control(8453).setSequencer(1n)
    const { summary } = await tools.get('portfolio', { address: 'vitalik.eth', chain: 'base' })
    await control(8453).revert(before)
    expect(summary).toMatch(
      /^vitalik\.eth holds [\d.]+ ETH, [\d.]+ USDC on base\. No value in USD can be given: the sequ/,
    )
  })

  test('of an address that holds nothing says so', async () => {
    const { summary } = await tools.get('portfolio', { address: '0x000000000000000000000000000000000000dEaD' })
    expect(summary).toMatch(/holds no ETH and none of the \d+ listed tokens on ethereum\.$/)
  })

  test('of hundreds of tokens costs three requests: the block, all balances, all prices', async () => {
    const { address } = meta.accounts.find(({ label }) => label === 'vitalik') ?? {}
    expect(await tools.countPosts(() => tools.get('portfolio', { address }))).toBeLessThanOrEqual(3)
  })
})

/** A contract that answers every call with the same words. */
function sayingAlways(words: readonly bigint[]): Hex {
  const size = (32 * words.length).toString(16).padStart(4, '0')
  return concat([`0x61${size}600c5f3961${size}5ff3`, ...words.map((word) => numberToHex(word, { size: 32 }))])
}
