import type { Address } from 'viem'
import { CHAIN_NAMES, CHAINS, type ChainName } from '../chain/chain-list.ts'
import { parseAddressOrName } from '../chain/parse-address-or-name.ts'
import { isCoin } from './coin.ts'
import data from './data/tokens.json' with { type: 'json' }
import { ToolError } from './tool-error.ts'

/** A token of the lists named in `data/tokens.json`. Two tokens of one chain may share a symbol. */
export type ListedToken = { symbol: string; name: string; address: Address; decimals: number }

/** The listed tokens of a chain, each contract once. */
export function listTokens(chain: ChainName): readonly ListedToken[] {
  return [...entriesOf(chain).values()].map(({ token }) => token)
}

/** The listed token at an address, whatever the address's case. */
export function findListedToken(chain: ChainName, address: Address): ListedToken | undefined {
  return entriesOf(chain).get(address.toLowerCase())?.token
}

/**
 * The token a symbol, a name or an address means on a chain: case does not matter. An address that is not listed is given
 * back with `listed: undefined`.
 * @throws {@link ToolError} with the candidates where none or several fit: a symbol is not a token, so nothing is guessed;
 * `EnsError` where an address is malformed.
 */
export function findToken(chain: ChainName, text: string): { address: Address; listed: ListedToken | undefined } {
  if (/^0x/i.test(text)) {
    const parsed = parseAddressOrName(text)
    if (parsed.type !== 'address') throw new ToolError(`'${text}' is not a contract address: 0x and 40 hex digits.`)
    return { address: parsed.hex, listed: findListedToken(chain, parsed.hex) }
  }
  const wanted = fold(text)
  const entries = [...entriesOf(chain).values()]
  const bySymbol = entries.filter(({ symbols }) => symbols.includes(wanted))
  const found = bySymbol.length > 0 ? bySymbol : entries.filter(({ token }) => fold(token.name) === wanted)
  const [only, ...others] = found
  if (only !== undefined && others.length === 0) return { address: only.token.address, listed: only.token }
  if (only !== undefined) {
    const shown = found.slice(0, SHOWN).map(({ token }) => `${token.name} at ${token.address}`)
    const more = found.length > SHOWN ? ` and ${found.length - SHOWN} more` : ''
    throw new ToolError(
      `'${text}' is the symbol of ${found.length} tokens on ${chain}: ${shown.join(', ')}${more}. Choose one by its address, or ask which is meant.`,
      { candidates: found.map(toCandidate) },
    )
  }
  if (isCoin(chain, text)) {
    throw new ToolError(
      `${CHAINS[chain].nativeCurrency.symbol} is the coin of ${chain} itself, not a token: it has no contract.`,
    )
  }
  const similar = entries.filter(({ symbols }) => symbols.some((symbol) => isSimilar(symbol, wanted))).slice(0, 5)
  throw new ToolError(
    `No listed token on ${chain} is called '${text}'. Give its contract address${similar.length > 0 ? ', or choose a candidate by its address' : ''}.`,
    similar.length > 0 ? { candidates: similar.map(toCandidate) } : {},
  )
}

/** Candidates named in a sentence; the details hold all. */
const SHOWN = 4

/** `symbols` are folded; the lists may give one contract several. */
type Entry = { token: ListedToken; symbols: readonly string[] }

/** By chain, then by address in lower case. */
const TOKENS: ReadonlyMap<ChainName, ReadonlyMap<string, Entry>> = new Map(
  CHAIN_NAMES.map((chain) => [chain, toEntries((data.tokens as Record<string, unknown[][]>)[CHAINS[chain].id] ?? [])]),
)

function entriesOf(chain: ChainName): ReadonlyMap<string, Entry> {
  return TOKENS.get(chain) ?? new Map()
}

function toEntries(rows: readonly unknown[][]): ReadonlyMap<string, Entry> {
  const byAddress = new Map<string, Entry>()
  for (const row of rows) {
    const [symbol, name, address, decimals] = row as [string, string, Address, number]
    const key = address.toLowerCase()
    const earlier = byAddress.get(key)
    const token = earlier?.token ?? { symbol, name, address, decimals }
    byAddress.set(key, { token, symbols: [...(earlier?.symbols ?? []), fold(symbol)] })
  }
  return byAddress
}

/** Case, spaces, a leading $ and the sign of the tögrög, with which Tether writes USD₮0, make no other symbol. */
function fold(text: string): string {
  return text.trim().replace(/^\$/, '').toLowerCase().replaceAll('₮', 't')
}

function isSimilar(symbol: string, wanted: string): boolean {
  return wanted.length >= 3 && (symbol.startsWith(wanted) || (symbol.length >= 3 && symbol.endsWith(wanted)))
}

function toCandidate({ token }: Entry): { symbol: string; name: string; address: Address } {
  return { symbol: token.symbol, name: token.name, address: token.address }
}
