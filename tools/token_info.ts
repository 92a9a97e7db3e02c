import { erc20Abi } from 'viem'
import { amount, chainName, defineTool, findToken, readToken, toAmount, token, toWords, z } from '../src/toolkit.ts'

export default defineTool({
  name: 'token_info',
  description:
    'Name, symbol, decimals, total supply and contract address of an ERC-20 token on a chain, by symbol or address.',
  input: z.object({ token, chain: chainName.default('ethereum') }),
  output: z.object({
    chain: z.string(),
    address: z.string(),
    symbol: z.string(),
    name: z.string(),
    decimals: z.int(),
    totalSupply: amount.nullable(),
    listed: z.boolean().meta({ description: 'Whether a token list knows this contract' }),
  }),
  examples: [
    { ask: 'what is the contract address of {token} on {chain}?' },
    { ask: 'what is the contract address of {token}?' },
    { ask: 'what is the total supply of {token} on {chain}?' },
    { ask: 'what is the total supply of {token}?' },
    { ask: 'how many decimals does {token} have on {chain}?' },
    { ask: 'how many decimals does {token} have?' },
    { ask: 'tell me about the token {token} on {chain}' },
    { ask: 'tell me about the token {token}' },
    { ask: 'how much {token} exists on {chain}?' },
    { ask: 'what is {token}?' },
    { ask: 'what is {token} on {chain}?' },
    { ask: 'tell me about {token}' },
  ],
  notes: [
    'A token that is not listed says these things of itself: anyone can deploy a contract that claims any name and symbol.',
    'The supply is of this contract on this chain alone.',
  ],
  async execute(input, context) {
    const { address } = findToken(input.chain, input.token)
    const [reading, supply] = await Promise.all([
      readToken(context, input.chain, address),
      context
        .chain(input.chain)
        .readContract({ address, abi: erc20Abi, functionName: 'totalSupply' })
        .catch(() => null),
    ])
    return { ...reading, chain: input.chain, totalSupply: supply === null ? null : toAmount(supply, reading) }
  },
  summary({ chain, address, symbol, name, decimals, totalSupply, listed }) {
    const supply = totalSupply === null ? '' : `, with a total supply of ${toWords(totalSupply)}`
    const facts = `with ${decimals} decimals${supply}`
    return listed
      ? `${symbol} (${name}) on ${chain} is the contract ${address} ${facts}.`
      : `The contract ${address} on ${chain} calls itself ${symbol} ('${name}'), ${facts}. It is in no token list, so name and symbol are its own claim.`
  },
})
