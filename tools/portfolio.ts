import { erc20Abi } from 'viem'
import {
  addressOrName,
  amount,
  CHAINS,
  type ChainName,
  chainName,
  defineTool,
  isTestnet,
  listTokens,
  type Price,
  type ResolvedAddress,
  readPrices,
  resolvedAddress,
  type ToolContext,
  throwIfUnanswered,
  toAmount,
  toUsd,
  toWords,
  withSeparators,
  z,
} from '../src/toolkit.ts'

/** `address` is null for the chain's own coin. */
type Holding = { symbol: string; decimals: number; address: string | null; raw: bigint }

const holding = z.object({
  symbol: z.string(),
  address: z.string().nullable().meta({ description: "The token's contract, or null for the chain's own coin" }),
  balance: amount,
  priceUsd: z.string().nullable(),
  valueUsd: z.string().nullable(),
})

export default defineTool({
  name: 'portfolio',
  description:
    'Everything an address holds on a chain: its coin and all listed tokens, each valued in US dollars, and the total.',
  input: z.object({ address: addressOrName, chain: chainName.default('ethereum') }),
  output: z.object({
    address: resolvedAddress,
    chain: z.string(),
    totalUsd: amount.meta({ description: 'Of the priced holdings alone' }),
    holdings: z.array(holding).meta({ description: 'The largest value first; without a price last' }),
    unpriced: z.array(z.object({ symbol: z.string(), reason: z.string() })),
    shared: z
      .array(z.string())
      .meta({ description: 'Symbols held here that several listed tokens of this chain have' }),
    tokensChecked: z.int().meta({ description: 'Listed tokens whose contract gave a balance' }),
  }),
  examples: [
    { ask: 'what does {address} hold on {chain}?' },
    { ask: 'what does {address} hold?' },
    { ask: 'what tokens does {address} have on {chain}?' },
    { ask: 'what tokens does {address} have?' },
    { ask: 'which tokens does {address} own?' },
    { ask: 'what is in the wallet of {address}?' },
    { ask: 'what is in the wallet of {address} on {chain}?' },
    { ask: 'list the tokens of {address}' },
    { ask: 'show me the portfolio of {address} on {chain}' },
    { ask: 'show me the portfolio of {address}' },
    { ask: 'how much is {address} worth?' },
    { ask: 'how much is {address} worth on {chain}?' },
    { ask: "what is {address}'s net worth?" },
    { ask: "what is {address}'s portfolio on {chain}?" },
    { ask: 'what is the total value of {address}?' },
    { ask: 'how much money does {address} have?' },
    { ask: 'how much money does {address} have on {chain}?' },
    { ask: 'how rich is {address}?' },
  ],
  notes: [
    'Only the coin and listed tokens on this one chain are counted: no NFTs, no debts, no deposits in protocols without a listed receipt token, no other chains.',
    'Values use Chainlink prices of the symbol; tokens without such a price are named and not part of the total.',
  ],
  async execute({ address, chain }, context) {
    const { holdings, tokensChecked } = await readHoldings(context, chain, address)
    const symbols = [...new Set(holdings.map(({ symbol }) => symbol))]
    const { prices, unpriced } =
      isTestnet(chain) || symbols.length === 0
        ? { prices: [], unpriced: symbols.map(toTestnet) }
        : await readPrices(context, chain, symbols)
    const bySymbol = new Map(prices.map((price) => [price.asset, price]))
    const valued = holdings.map((held) => ({ ...held, value: toValue(held, bySymbol.get(held.symbol)) }))
    const totalCents = valued.reduce((sum, { value }) => sum + BigInt(value?.raw ?? 0), 0n)
    return {
      address,
      chain,
      totalUsd: toAmount(totalCents, USD),
      holdings: valued.toSorted(byValue).map(({ symbol, decimals, address: token, raw, value }) => ({
        symbol,
        address: token,
        balance: toAmount(raw, { symbol, decimals }),
        priceUsd: bySymbol.get(symbol)?.price.formatted ?? null,
        valueUsd: value?.formatted ?? null,
      })),
      unpriced: unpriced.map(({ asset, reason }) => ({ symbol: asset, reason })),
      shared: symbols.filter((symbol) => listTokens(chain).filter((token) => token.symbol === symbol).length > 1),
      tokensChecked,
    }
  },
  summary({ address, chain, totalUsd, holdings, unpriced, shared, tokensChecked }) {
    const coin = CHAINS[chain as ChainName].nativeCurrency.symbol
    if (holdings.length === 0)
      return `${address.label} holds no ${coin} and none of the ${tokensChecked} listed tokens on ${chain}.`
    const isPriced = holdings.some(({ valueUsd }) => valueUsd !== null)
    const shown = holdings.slice(0, SHOWN).map(({ balance, valueUsd }) => {
      const value = valueUsd === null ? 'no price' : `≈ ${withSeparators(valueUsd)} USD`
      return isPriced ? `${toWords(balance)} (${value})` : toWords(balance)
    })
    const more = holdings.length > SHOWN ? ` and ${holdings.length - SHOWN} more` : ''
    if (!isPriced) {
      const why = unpriced[0] === undefined ? '' : `: ${unpriced[0].reason}`
      return `${address.label} holds ${shown.join(', ')}${more} on ${chain}. No value in USD can be given${why}.`
    }
    const missing =
      unpriced.length === 0
        ? ''
        : ` Without a price and not in the total: ${unpriced.map(({ symbol }) => symbol).join(', ')}.`
    const alike =
      shared.length === 0 ? '' : ` Several tokens of ${chain} are called ${shared.join(' or ')}: each is valued alike.`
    return `${address.label} holds about ${withSeparators(totalUsd.formatted)} USD on ${chain}: ${shown.join(', ')}${more}.${missing}${alike}`
  },
})

const SHOWN = 12
const USD = { decimals: 2, symbol: 'USD' }

/** The coin and every listed token in one tick: one balance and one multicall. */
async function readHoldings(
  context: ToolContext,
  chain: ChainName,
  owner: ResolvedAddress,
): Promise<{ holdings: Holding[]; tokensChecked: number }> {
  const client = context.chain(chain)
  const tokens = listTokens(chain)
  const contracts = tokens.map(
    ({ address }) => ({ address, abi: erc20Abi, functionName: 'balanceOf', args: [owner.hex] }) as const,
  )
  const [coins, balances] = await Promise.all([
    client.getBalance({ address: owner.hex }),
    client.multicall({ contracts, batchSize: 0 }),
  ])
  throwIfUnanswered(balances)
  const { symbol, decimals } = CHAINS[chain].nativeCurrency
  const checked = tokens.flatMap((token, i): Holding[] => {
    const raw = balances[i]?.result
    return raw === undefined ? [] : [{ ...token, raw }]
  })
  const holdings = [{ symbol, decimals, address: null, raw: coins }, ...checked].filter(({ raw }) => raw > 0n)
  return { holdings, tokensChecked: checked.length }
}

function toValue({ raw, decimals }: Holding, price: Price | undefined) {
  return price === undefined ? undefined : toUsd(raw, decimals, price)
}

type Valued = { symbol: string; value: { raw: string } | undefined }

function byValue(a: Valued, b: Valued): number {
  const difference = BigInt(b.value?.raw ?? -1) - BigInt(a.value?.raw ?? -1)
  if (difference !== 0n) return difference > 0n ? 1 : -1
  return a.symbol < b.symbol ? -1 : 1
}

function toTestnet(asset: string) {
  return { asset, reason: 'coins of a test network have no price' }
}
