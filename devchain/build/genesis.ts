import { gunzipSync } from 'node:zlib'
import { concatHex, type Hex, hexToBytes, parseEther, toHex, zeroAddress, zeroHash } from 'viem'
import { z } from 'zod'
import type { DevClient } from '../dev-client.ts'
import { beforeHistory } from '../history.ts'
import type { Meta } from '../meta.ts'

/** Geth's genesis format, with a block number. */
export type Genesis = Record<string, unknown> & { alloc: Record<Hex, GenesisAccount> }
type GenesisAccount = { nonce: Hex; balance: Hex; code?: Hex; storage?: Record<Hex, Hex> }

type Dump = z.output<typeof DumpSchema>

const WORKING_FUNDS = parseEther('1000000')

const DumpSchema = z.object({
  accounts: z.record(
    z.string(),
    z.object({
      nonce: z.number(),
      balance: z.string(),
      code: z.string(),
      storage: z.record(z.string(), z.string()),
    }),
  ),
})

/** Every account of the node with its code and storage. */
export async function dumpState(client: DevClient): Promise<Dump> {
  const packed = await client.dumpState()
  return DumpSchema.parse(JSON.parse(gunzipSync(hexToBytes(packed)).toString()))
}

/** The contracts of `dump`, and the people of `meta` as they are before the history. Keys are sorted. */
export function toGenesis(meta: Meta, { accounts }: Dump): Genesis {
  const contracts = Object.entries(accounts)
    .filter(([, { code }]) => code !== '0x')
    .map(([address, { nonce, code, storage }]): [string, GenesisAccount] => {
      return [address, { nonce: toHex(nonce), balance: '0x0', code: code as Hex, storage: toSlots(storage) }]
    })
  const people = meta.accounts.map((account): [string, GenesisAccount] => {
    const { nonce, balance } = beforeHistory(account, meta.history)
    const code = account.delegatedTo && { code: concatHex(['0xef0100', account.delegatedTo]) }
    return [account.address, { nonce: toHex(nonce), balance: toHex(balance), ...code }]
  })
  const workers = [meta.operator, meta.whale].map((address): [string, GenesisAccount] => {
    return [address, { nonce: '0x0', balance: toHex(WORKING_FUNDS) }]
  })
  return {
    config: { chainId: meta.chainId, ...FORKS },
    nonce: '0x0',
    timestamp: toHex(meta.builtAtSec),
    extraData: '0x',
    gasLimit: toHex(60_000_000),
    difficulty: '0x0',
    mixHash: zeroHash,
    coinbase: zeroAddress,
    baseFeePerGas: toHex(1_000_000_000),
    number: toHex(meta.genesisBlock),
    alloc: sorted([...contracts, ...people, ...workers].map(([address, account]) => [address.toLowerCase(), account])),
  }
}

const FORKS = {
  homesteadBlock: 0,
  eip150Block: 0,
  eip155Block: 0,
  eip158Block: 0,
  byzantiumBlock: 0,
  constantinopleBlock: 0,
  petersburgBlock: 0,
  istanbulBlock: 0,
  berlinBlock: 0,
  londonBlock: 0,
  terminalTotalDifficulty: '0x0',
  shanghaiTime: 0,
  cancunTime: 0,
  pragueTime: 0,
}

function toSlots(storage: Record<string, string>): Record<Hex, Hex> {
  const word = (value: string) => toHex(BigInt(value), { size: 32 })
  return sorted(Object.entries(storage).map(([slot, value]) => [word(slot), word(value)]))
}

function sorted<Value>(entries: [string, Value][]): Record<Hex, Value> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
