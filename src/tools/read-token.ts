import { type Address, erc20Abi, erc20Abi_bytes32, hexToString } from 'viem'
import type { ChainName } from '../chain/chain-list.ts'
import { cleanText } from './clean-text.ts'
import { throwIfUnanswered } from './throw-if-unanswered.ts'
import { findListedToken } from './token-list.ts'
import type { ToolContext } from './tool.ts'
import { ToolError } from './tool-error.ts'

/** What a token contract says of itself. `listed` tells whether a token list knows the contract; anyone can claim a symbol. */
export type TokenReading = { address: Address; symbol: string; name: string; decimals: number; listed: boolean }

const MAX_NAME_CHARACTERS = 80
/** A symbol stands in sentences as a unit: one that is a sentence itself is cut. */
const MAX_SYMBOL_CHARACTERS = 24

/**
 * A token's symbol, name and decimals: from the list where it stands in one, else from the contract, in one multicall.
 * @throws {@link ToolError} where no ERC-20 token answers at `address`.
 */
export async function readToken(
  { chain: client }: Pick<ToolContext, 'chain'>,
  chain: ChainName,
  address: Address,
): Promise<TokenReading> {
  const listed = findListedToken(chain, address)
  if (listed !== undefined) return { ...listed, listed: true }
  const contract = { address, abi: erc20Abi } as const
  // Tokens older than the standard's string fields (the first MKR) give bytes32.
  const legacy = { address, abi: erc20Abi_bytes32 } as const
  const results = await client(chain).multicall({
    contracts: [
      { ...contract, functionName: 'decimals' },
      { ...contract, functionName: 'symbol' },
      { ...contract, functionName: 'name' },
      { ...legacy, functionName: 'symbol' },
      { ...legacy, functionName: 'name' },
    ],
    batchSize: 0,
  })
  throwIfUnanswered(results)
  const [decimals, symbol, name, legacySymbol, legacyName] = results
  if (decimals.status === 'failure') {
    throw new ToolError(`No ERC-20 token answers at ${address} on ${chain}. Check the address and the chain.`)
  }
  return {
    address,
    symbol: toText(symbol.result, legacySymbol.result, MAX_SYMBOL_CHARACTERS) || 'units without a symbol',
    name: toText(name.result, legacyName.result, MAX_NAME_CHARACTERS) || 'no name',
    decimals: decimals.result,
    listed: false,
  }
}

/** Cleaned before it is cut, so that what is invisible cannot push out what is there. */
function toText(text: string | undefined, legacy: `0x${string}` | undefined, maxCharacters: number): string {
  const found = text ?? (legacy === undefined ? '' : hexToString(legacy, { size: 32 }))
  const clean = cleanText(found.slice(0, MAX_READ_CHARACTERS))
  return clean.length <= maxCharacters ? clean : `${clean.slice(0, maxCharacters - 1)}…`
}

const MAX_READ_CHARACTERS = 2_000
