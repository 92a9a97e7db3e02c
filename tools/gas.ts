import { formatGwei } from 'viem'
import {
  amount,
  CHAINS,
  type ChainName,
  chainName,
  defineTool,
  isTestnet,
  readPrices,
  toAbout,
  toAmount,
  toReadable,
  toUsd,
  toWords,
  withSeparators,
  z,
} from '../src/toolkit.ts'

/** What the protocol charges for the plainest transaction: coins to an account without code. */
const TRANSFER_GAS = 21_000n
const BLOCKS = 10
/** A transfer on a rollup costs a fraction of a cent. */
const USD_PLACES = 6

export default defineTool({
  name: 'gas',
  description:
    'Gas price on a chain now (base fee and priority fee, in gwei), and what a simple transfer of coins costs in coin and in US dollars.',
  input: z.object({ chain: chainName.default('ethereum') }),
  output: z.object({
    chain: z.string(),
    gasPriceGwei: z.string().meta({ description: 'baseFeeGwei + priorityFeeGwei' }),
    baseFeeGwei: z.string().meta({ description: 'Of the next block' }),
    priorityFeeGwei: z.string().meta({ description: `Median tip of the last ${BLOCKS} blocks` }),
    transfer: z.object({ gas: z.int(), cost: amount, usd: amount.nullable() }),
    remarks: z.array(z.string()),
  }),
  examples: [
    { ask: 'what is the gas price on {chain}?' },
    { ask: 'what is the gas price?' },
    { ask: 'how much is gas on {chain}?' },
    { ask: 'how much is gas right now?' },
    { ask: 'how expensive is gas on {chain}?' },
    { ask: 'what does a transfer cost on {chain}?' },
    { ask: 'how much does it cost to send eth on {chain}?' },
    { ask: 'what are the gas fees on {chain}?' },
    { ask: 'gas on {chain}' },
    { ask: 'gas price' },
    { ask: 'what is the base fee on {chain}?' },
    { ask: 'what is the base fee?' },
  ],
  notes: [
    'Gas prices change with every block. A transfer of coins to an account without code takes 21,000 gas; tokens and contracts take more.',
  ],
  async execute({ chain }, context) {
    const coin = CHAINS[chain].nativeCurrency
    const [history, { prices, unpriced }] = await Promise.all([
      context.chain(chain).getFeeHistory({ blockCount: BLOCKS, rewardPercentiles: [50] }),
      isTestnet(chain) ? NO_PRICES : readPrices(context, chain, [coin.symbol]),
    ])
    const baseFee = history.baseFeePerGas.at(-1) ?? 0n
    const priorityFee = median((history.reward ?? []).flatMap((tips) => tips[0] ?? []).filter((tip) => tip > 0n))
    const gasPrice = baseFee + priorityFee
    const cost = TRANSFER_GAS * gasPrice
    const [price] = prices
    return {
      chain,
      gasPriceGwei: formatGwei(gasPrice),
      baseFeeGwei: formatGwei(baseFee),
      priorityFeeGwei: formatGwei(priorityFee),
      transfer: {
        gas: Number(TRANSFER_GAS),
        cost: toAmount(cost, coin),
        usd: price === undefined ? null : toUsd(cost, coin.decimals, price, USD_PLACES),
      },
      remarks: [
        ...unpriced.map(({ reason }) => `no dollar figure: ${reason}`),
        ...(price?.remarks ?? []),
        ...(ROLLUP_FEES[chain] ?? []),
      ],
    }
  },
  summary({ chain, gasPriceGwei, baseFeeGwei, priorityFeeGwei, transfer, remarks }) {
    const usd = transfer.usd === null ? '' : ` (about ${withSeparators(toReadable(transfer.usd.formatted))} USD)`
    const facts = remarks.length === 0 ? '' : ` Note: ${remarks.join('; ')}.`
    return `Gas on ${chain} is ${toAbout(gasPriceGwei, 3)} gwei (base fee ${toAbout(baseFeeGwei, 3)}, priority fee ${toAbout(priorityFeeGwei, 3)}); a simple transfer costs ${toWords(transfer.cost)}${usd}.${facts}`
  },
})

const NO_PRICES = { prices: [], unpriced: [{ asset: '', reason: 'coins of a test network have no price' }] }

const L1_FEE =
  'this is the execution fee alone: the chain also charges for posting data to ethereum (L1 data fee), often the larger part'
/** What the gas price alone does not tell on rollups; arbitrum and zksync fold that cost into the gas a transaction uses. */
const ROLLUP_FEES: Partial<Record<ChainName, readonly string[]>> = {
  base: [L1_FEE],
  optimism: [L1_FEE],
  scroll: [L1_FEE],
  arbitrum: ['arbitrum counts the cost of ethereum data as extra gas, so a transfer uses more than 21,000'],
  zksync: ['zksync counts the cost of ethereum data as extra gas, so a transfer uses more than 21,000'],
}

function median(values: readonly bigint[]): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0))
  return sorted[Math.floor(sorted.length / 2)] ?? 0n
}
