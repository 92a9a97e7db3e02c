import { type Address, BaseError, ContractFunctionRevertedError, ContractFunctionZeroDataError, erc20Abi } from 'viem'
import {
  addressOrName,
  amount,
  blockNumber,
  CHAINS,
  type ChainName,
  chainName,
  defineTool,
  findToken,
  isCoin,
  type ResolvedAddress,
  readToken,
  resolvedAddress,
  type ToolContext,
  ToolError,
  throwIfUnanswered,
  toAmount,
  token,
  toWords,
  z,
} from '../src/toolkit.ts'

type At = { blockNumber?: bigint }

export default defineTool({
  name: 'balance',
  description:
    "How much of a chain's own coin, or of a token, one or several addresses hold. Leave token out for the coin. For everything an address holds, use portfolio.",
  input: z.object({
    addresses: z.array(addressOrName).min(1).max(50).describe('Whose balance: one address or ENS name, or several'),
    token: token
      .optional()
      .describe("A token's symbol such as USDC or its contract address; left out: the chain's coin"),
    chain: chainName.default('ethereum'),
    block: blockNumber.optional(),
  }),
  output: z.object({
    chain: z.string(),
    balances: z.array(z.object({ address: resolvedAddress, balance: amount })),
    total: amount,
    token: z
      .object({ address: z.string(), name: z.string(), listed: z.boolean() })
      .nullable()
      .meta({ description: "Null for the chain's own coin" }),
    atBlock: z.int().nullable().meta({ description: 'The past block that was asked for, or null for the latest' }),
  }),
  examples: [
    { ask: 'what is the balance of {addresses} on {chain}?' },
    { ask: 'what is the balance of {addresses}?' },
    { ask: 'what is the {token} balance of {addresses} on {chain}?' },
    { ask: 'what is the {token} balance of {addresses}?' },
    { ask: 'how much {token} does {addresses} have on {chain}?' },
    { ask: 'how much {token} does {addresses} have?' },
    { ask: 'how much {token} does {addresses} hold on {chain}?' },
    { ask: 'how much {token} does {addresses} hold?' },
    { ask: 'how many {token} does {addresses} own?' },
    { ask: 'how much {token} did {addresses} hold at block {block}?' },
    { ask: "what is {addresses}'s {token} balance on {chain}?" },
    { ask: "what is {addresses}'s {token} balance?" },
    { ask: 'how much {token} is in {addresses}?' },
    { ask: "show me {addresses}'s {token}" },
    { ask: '{token} in {addresses}' },
    { ask: 'total {token} held by {addresses}' },
    { ask: 'total {token} held by {addresses} on {chain}' },
  ],
  notes: ['A symbol is not a token: several contracts may share one. The address in the result says which was read.'],
  async execute({ addresses: named, token: asked, chain, block }, context) {
    const addresses = named.filter(({ label }, i) => named.findIndex((other) => other.label === label) === i)
    const at = block === undefined ? {} : { blockNumber: BigInt(block) }
    const read =
      asked === undefined || isCoin(chain, asked)
        ? { token: null, unit: CHAINS[chain].nativeCurrency, raws: await readCoin(context, chain, addresses, at) }
        : await readTokenBalances(context, chain, findToken(chain, asked).address, addresses, at)
    return {
      chain,
      balances: addresses.map((address, i) => ({ address, balance: toAmount(read.raws[i] ?? 0n, read.unit) })),
      total: toAmount(toTotal(addresses, read.raws), read.unit),
      token: read.token,
      atBlock: block ?? null,
    }
  },
  summary({ chain, balances, total, token, atBlock }) {
    const when = atBlock === null ? '' : ` at block ${atBlock}`
    const doubt =
      token === null || token.listed
        ? ''
        : ` The token ${token.address} is in no token list: its symbol is its own claim.`
    const each = balances.map(
      ({ address, balance }) => `${address.label} ${atBlock === null ? 'holds' : 'held'} ${toWords(balance)}`,
    )
    const sum = balances.length === 1 ? '' : `; together ${toWords(total)}`
    return `${each.join(', ')}${sum} on ${chain}${when}.${doubt}`
  },
})

function readCoin(
  context: ToolContext,
  chain: ChainName,
  owners: readonly ResolvedAddress[],
  at: At,
): Promise<bigint[]> {
  const client = context.chain(chain)
  return Promise.all(owners.map(({ hex }) => client.getBalance({ address: hex, ...at })))
}

async function readTokenBalances(
  context: ToolContext,
  chain: ChainName,
  address: Address,
  owners: readonly ResolvedAddress[],
  at: At,
) {
  const contracts = owners.map(
    ({ hex }) => ({ address, abi: erc20Abi, functionName: 'balanceOf', args: [hex] }) as const,
  )
  const [unit, results] = await Promise.all([
    readToken(context, chain, address),
    at.blockNumber === undefined
      ? readTogether(context, chain, contracts)
      : Promise.all(contracts.map((contract) => readAlone(context, chain, { ...contract, ...at }))),
  ])
  const raws = results.map((result) => {
    if (result === undefined)
      throw new ToolError(
        `The contract ${address} on ${chain} did not give a balance${at.blockNumber === undefined ? '' : ' at that block'}.`,
      )
    return result
  })
  return { token: { address: unit.address, name: unit.name, listed: unit.listed }, unit, raws }
}

type BalanceOf = { address: Address; abi: typeof erc20Abi; functionName: 'balanceOf'; args: readonly [Address] }

async function readTogether(context: ToolContext, chain: ChainName, contracts: readonly BalanceOf[]) {
  const results = await context.chain(chain).multicall({ contracts, batchSize: 0 })
  throwIfUnanswered(results)
  return results.map(({ result }) => result)
}

/** Tokens are older than Multicall3, so a past block may not have it. Undefined where the contract gives no balance. */
async function readAlone(context: ToolContext, chain: ChainName, contract: BalanceOf & At) {
  try {
    return await context.chain(chain).readContract(contract)
  } catch (error) {
    const isAnswer = (cause: unknown) =>
      cause instanceof ContractFunctionRevertedError || cause instanceof ContractFunctionZeroDataError
    if (error instanceof BaseError && error.walk(isAnswer) !== null) return undefined
    throw error
  }
}

/** An address that was named twice, by name and by hex, counts once. */
function toTotal(owners: readonly ResolvedAddress[], raws: readonly bigint[]): bigint {
  return [...new Map(owners.map(({ hex }, i) => [hex, raws[i] ?? 0n])).values()].reduce((sum, raw) => sum + raw, 0n)
}
