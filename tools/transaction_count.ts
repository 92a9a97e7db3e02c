import {
  addressOrName,
  blockNumber,
  chainName,
  defineTool,
  resolvedAddress,
  withSeparators,
  z,
} from '../src/toolkit.ts'

const KINDS = ['account', 'delegated account', 'contract'] as const

export default defineTool({
  name: 'transaction_count',
  description:
    'How many transactions an address has sent on a chain, which is its nonce. Does not count what it received.',
  input: z.object({
    address: addressOrName,
    chain: chainName.default('ethereum'),
    block: blockNumber.optional(),
  }),
  output: z.object({
    address: resolvedAddress,
    chain: z.string(),
    nonce: z.int(),
    kind: z.enum(KINDS),
    atBlock: z.int().nullable().meta({ description: 'The past block that was asked for, or null for the latest' }),
  }),
  examples: [
    { ask: 'how many transactions has {address} sent on {chain}?' },
    { ask: 'how many transactions has {address} sent?' },
    { ask: 'how many transactions has {address} made on {chain}?' },
    { ask: 'how many transactions did {address} send on {chain} by block {block}?' },
    { ask: 'what is the nonce of {address} on {chain}?' },
    { ask: 'what is the nonce of {address}?' },
    { ask: 'transaction count of {address} on {chain}' },
    { ask: "what is {address}'s transaction count?" },
    { ask: 'how active is {address} on {chain}?' },
    { ask: 'how many txs has {address} done?' },
    { ask: 'number of transactions of {address}' },
    { ask: 'number of transactions of {address} on {chain}' },
    { ask: 'how many times has {address} transacted?' },
    { ask: 'how many times has {address} transacted on {chain}?' },
  ],
  notes: [
    'The number is the account nonce: transactions sent, not received, and not transfers of tokens to it.',
    'Since EIP-7702 a signed delegation also raises the nonce, and a transaction sent on behalf of an account by somebody else does not.',
    'The nonce of a contract counts the contracts it created, and starts at 1.',
  ],
  async execute({ address, chain, block }, context) {
    const client = context.chain(chain)
    const at = block === undefined ? {} : { blockNumber: BigInt(block) }
    const [nonce, code] = await Promise.all([
      client.getTransactionCount({ address: address.hex, ...at }),
      client.getCode({ address: address.hex, ...at }),
    ])
    return { address, chain, nonce, kind: toKind(code), atBlock: block ?? null }
  },
  summary({ address, chain, nonce, kind, atBlock }) {
    const when = atBlock === null ? '' : ` up to block ${atBlock}`
    const count = withSeparators(nonce)
    if (kind === 'contract') {
      return `${address.label} is a contract on ${chain}; its nonce${when} is ${count}, which counts the contracts it created, not transactions.`
    }
    const delegated =
      kind === 'delegated account'
        ? ' It is delegated to a contract (EIP-7702), and delegations count among these.'
        : ''
    return `${address.label} has sent ${count} transaction${nonce === 1 ? '' : 's'} on ${chain}${when}.${delegated}`
  },
})

/** EIP-7702: a delegated account's code is 0xef0100 and the delegate's address. */
function toKind(code: string | undefined): (typeof KINDS)[number] {
  if (code === undefined || code === '0x') return 'account'
  return /^0xef0100[0-9a-f]{40}$/i.test(code) ? 'delegated account' : 'contract'
}
