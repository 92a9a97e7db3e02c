import { isAddress } from 'viem'
import {
  amount,
  chainName,
  defineTool,
  findListedToken,
  readPrices,
  ToolError,
  toAbout,
  toAge,
  token,
  z,
} from '../src/toolkit.ts'

const source = z.object({
  pair: z.string(),
  proxy: z.string().meta({ description: 'Address of the Chainlink feed' }),
  answer: z.string(),
  decimals: z.int(),
  roundId: z.string(),
  updatedAtSec: z.int(),
  updatedAt: z.string(),
})

export default defineTool({
  name: 'price',
  description:
    'US dollar price of one or several assets (coins, tokens, currencies, gold), read from Chainlink feeds on the chain, with the age of each price.',
  input: z.object({
    assets: z
      .array(token)
      .min(1)
      .max(20)
      .describe('One or several symbols: ETH, BTC, LINK, EUR; or addresses of listed tokens'),
    chain: chainName.default('ethereum').describe('The chain whose feeds are asked first'),
  }),
  output: z.object({
    prices: z.array(
      z.object({
        asset: z.string(),
        price: amount,
        chain: z.string(),
        ageSec: z.int(),
        sources: z.array(source),
        remarks: z.array(z.string()),
      }),
    ),
    unpriced: z.array(z.object({ asset: z.string(), reason: z.string() })),
  }),
  examples: [
    { ask: 'what is the price of {assets}?' },
    { ask: 'what is the price of {assets} on {chain}?' },
    { ask: "what is {assets}'s price?" },
    { ask: 'what is the current {assets} price?' },
    { ask: 'how much is {assets} worth?' },
    { ask: 'how much is {assets}?' },
    { ask: 'how much is one {assets} in usd?' },
    { ask: 'how much is 1 {assets} in dollars?' },
    { ask: 'how much does {assets} cost?' },
    { ask: 'what are the prices of {assets}?' },
    { ask: 'what is {assets} trading at?' },
    { ask: 'price of {assets} in usd' },
    { ask: '{assets} price' },
    { ask: 'what is {assets} at?' },
    { ask: 'what is {assets} at right now?' },
    { ask: '{assets}/usd' },
    { ask: 'what is the value of {assets}?' },
  ],
  notes: [
    'A Chainlink price is the last answer of an oracle network, not a trade: it is as old as ageSec says, and the market may have moved.',
  ],
  async execute({ assets, chain }, context) {
    const symbols = assets.map(
      (asset) => (isAddress(asset) ? findListedToken(chain, asset)?.symbol : undefined) ?? asset,
    )
    const folded = symbols.map((symbol) => symbol.toUpperCase())
    const once = symbols.filter((_, i) => folded.indexOf(folded[i] ?? '') === i)
    const { prices, unpriced } = await readPrices(context, chain, once)
    if (prices.length === 0) throw new ToolError(`${unpriced.map(toComplaint).join('. ')}.`)
    return {
      prices: prices.map((price) => ({ ...price, sources: [...price.sources], remarks: [...price.remarks] })),
      unpriced: [...unpriced],
    }
  },
  summary({ prices, unpriced }) {
    const lines = prices.map(({ asset, price, ageSec, remarks }) => {
      const facts = [`${toAge(ageSec)} old`, ...remarks]
      return `1 ${asset} is ${toAbout(price.formatted)} USD (${facts.join('; ')})`
    })
    const missing = unpriced.map((asset) => ` ${toComplaint(asset)}.`).join('')
    return `By Chainlink, ${lines.join(', ')}.${missing}`
  },
})

function toComplaint({ asset, reason }: { asset: string; reason: string }): string {
  return `There is no price of ${asset}: ${reason}`
}
