import { readFile } from 'node:fs/promises'
import { type Address, isAddress } from 'viem'
import { z } from 'zod'
import type { DevChainId } from './dev-client.ts'

/** The true figures of one development chain, as they are at the tip once it has started. Amounts are decimal strings of raw units. */
export type Meta = z.output<typeof MetaSchema>
export type MetaAccount = Meta['accounts'][number]
export type MetaName = Meta['names'][number]
export type MetaToken = Meta['tokens'][number]
export type MetaFeed = Meta['feeds'][number]
export type MetaTransfer = Meta['history'][number]

export async function loadMeta(chainId: DevChainId): Promise<Meta> {
  return MetaSchema.parse(
    JSON.parse(await readFile(new URL(`./genesis/${chainId}.meta.json`, import.meta.url), 'utf8')),
  )
}

const address = z.custom<Address>((value) => typeof value === 'string' && isAddress(value))
const raw = z.string().regex(/^-?\d+$/)

const MetaSchema = z.object({
  chainId: z.int(),
  name: z.string(),
  genesisBlock: z.int(),
  /** Unix seconds of the newest record in the genesis: the age of what is never refreshed. */
  builtAtSec: z.int(),
  /** npm packages whose bytecode and directories the genesis was built from. */
  sources: z.record(z.string(), z.string()),
  /** Submits prices and mints tokens. */
  operator: address,
  /** Sends the token transfers of the history; its figures are nobody's business. */
  whale: address,
  contracts: z.record(z.string(), address),
  accounts: z.array(
    z.object({
      label: z.string(),
      address,
      nonce: z.int(),
      balance: raw,
      delegatedTo: address.optional(),
      note: z.string().optional(),
    }),
  ),
  names: z.array(
    z.object({
      name: z.string(),
      owner: address,
      /** Null: no resolver, no address record, or off-chain. */
      address: address.nullable(),
      resolver: z.enum(['public', 'none', 'offchain']),
      coins: z.record(z.string(), address),
      texts: z.record(z.string(), z.string()),
      /** Addresses whose verified primary name this is. */
      primaryOf: z.array(address),
      /** Addresses whose reverse record claims this name although it resolves elsewhere. */
      falselyClaimedBy: z.array(address),
    }),
  ),
  tokens: z.array(
    z.object({
      symbol: z.string(),
      name: z.string(),
      decimals: z.int(),
      address,
      kind: z.enum(['listed', 'legacy', 'fake']),
      holders: z.array(z.object({ label: z.string(), address, raw })),
    }),
  ),
  feeds: z.array(
    z.object({
      pair: z.string(),
      description: z.string(),
      proxy: address,
      aggregator: address,
      decimals: z.int(),
      /** The price a new round carries. */
      price: raw,
      /** The latest answer at the tip. */
      answer: raw,
      kind: z.enum(['fresh', 'stale', 'zero', 'sequencer']),
    }),
  ),
  /** Transfers that the start replays, `block` blocks after the genesis. No token means the chain's own coin. */
  history: z.array(z.object({ block: z.int(), from: address, to: address, raw, token: address.optional() })),
})
