import { Contract, formatUnits, JsonRpcProvider } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMeta, type Meta } from '../../devchain/meta.ts'
import { type DevToolbox, openDevToolbox } from './toolbox.ts'

/** ethers shares no code with what the tools read through: where both say the same of the same block, neither misread it. */

const ERC20 = [
  'function balanceOf(address) view returns (uint256)',
  'function decimals() view returns (uint8)',
  'function totalSupply() view returns (uint256)',
]
const AGGREGATOR = [
  'function latestRoundData() view returns (uint80, int256, uint256, uint256, uint80)',
  'function decimals() view returns (uint8)',
]

let tools: DevToolbox
let meta: Meta
let ethers: JsonRpcProvider
let block: number

beforeAll(async () => {
  ;[tools, meta] = await Promise.all([openDevToolbox([1]), loadMeta(1)])
  ethers = new JsonRpcProvider(tools.urls[1], 1, { staticNetwork: true, cacheTimeout: -1 })
  block = await ethers.getBlockNumber()
})
afterAll(async () => {
  ethers.destroy()
  await tools.close()
})

test('names and primary names are what ethers resolves', async () => {
  const named = meta.names.filter(({ address }) => address !== null)
  for (const { name } of named) {
    const { address } = await tools.get<{ address: { hex: string } }>('resolve_name', { name })
    expect(await ethers.resolveName(name)).toBe(address.hex)
  }
  for (const { address } of meta.names.flatMap(({ primaryOf }) => primaryOf.map((hex) => ({ address: hex })))) {
    const { name } = await tools.get('name_of_address', { address })
    expect(await ethers.lookupAddress(address)).toBe(name)
  }
})

test('nonces and coins are what ethers reads, now and at a past block', async () => {
  for (const { address } of meta.accounts) {
    for (const at of [block, block - 40]) {
      const { nonce } = await tools.get('transaction_count', { address, block: at })
      expect(await ethers.getTransactionCount(address, at)).toBe(nonce)
      const { total } = await tools.get<{ total: { raw: string; formatted: string } }>('balance', {
        addresses: [address],
        block: at,
      })
      const wei = await ethers.getBalance(address, at)
      expect(wei.toString()).toBe(total.raw)
      expect(toPlain(formatUnits(wei, 18))).toBe(total.formatted)
    }
  }
})

test('balances, decimals and supplies of tokens are what ethers reads', async () => {
  await Promise.all(
    meta.tokens.map(async ({ address, holders }) => {
      const token = new Contract(address, ERC20, ethers)
      const owners = holders.map((holder) => holder.address)
      const [info, { balances }, decimals, supply, ...raws] = await Promise.all([
        tools.get<{ decimals: number; totalSupply: { raw: string } }>('token_info', { token: address }),
        tools.get<{ balances: { balance: { raw: string; formatted: string } }[] }>('balance', {
          addresses: owners,
          token: address,
        }),
        token.getFunction('decimals')() as Promise<bigint>,
        token.getFunction('totalSupply')() as Promise<bigint>,
        ...owners.map((owner) => token.getFunction('balanceOf')(owner) as Promise<bigint>),
      ])
      expect(info.decimals).toBe(Number(decimals))
      expect(info.totalSupply.raw).toBe(String(supply))
      expect(balances.map(({ balance }) => balance.raw)).toEqual(raws.map(String))
      expect(balances.map(({ balance }) => balance.formatted)).toEqual(
        raws.map((raw) => toPlain(formatUnits(raw, decimals))),
      )
    }),
  )
})

test('prices are what ethers reads from the feeds', async () => {
  for (const { pair, proxy } of meta.feeds.filter(({ pair, kind }) => kind === 'fresh' && pair.endsWith('/USD'))) {
    const feed = new Contract(proxy, AGGREGATOR, ethers)
    const [, answer]: [bigint, bigint] = await feed.getFunction('latestRoundData')()
    const decimals: bigint = await feed.getFunction('decimals')()
    const { prices } = await tools.get<{ prices: { price: { formatted: string } }[] }>('price', {
      assets: [pair.replace('/USD', '')],
    })
    expect(prices[0]?.price.formatted).toBe(toPlain(formatUnits(answer, decimals)))
  }
})

/** ethers writes a whole number with `.0`. */
function toPlain(decimal: string): string {
  return decimal.replace(/\.0$/, '')
}
