import { readdir, readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { getAddress } from 'viem'
import * as viemTokens from 'viem/tokens'
import { CHAIN_NAMES, CHAINS } from '../src/chain/chain-list.ts'

/** Writes the feed and token lists in `src/tools/data`, from packages alone: run it after either package is updated. */

const BOOK = '@aave-dao/aave-address-book'
const DATA = new URL('../src/tools/data/', import.meta.url)
const require = createRequire(import.meta.url)

/** The files' contents by name: the same packages give the same bytes. */
export async function buildData(): Promise<Record<string, string>> {
  return { 'feeds.json': await buildFeeds(), 'tokens.json': await buildTokens() }
}

type Book = Record<string, unknown>

async function buildFeeds(): Promise<string> {
  const books = await Promise.all(
    CHAIN_NAMES.map(async (name) => [CHAINS[name].id, await loadBook(CHAINS[name].id)] as const),
  )
  const feeds = books.map(([id, book]) => [id, toFeeds(book)] as const)
  const sequencers = books.flatMap(([id, book]) => {
    const proxy = book[SEQUENCER]
    return typeof proxy === 'string' ? [[id, getAddress(proxy)] as const] : []
  })
  return [
    '{',
    `  "source": ${JSON.stringify(await toSource(BOOK))},`,
    '  "columns": ["base", "quote", "proxy"],',
    `  "feeds": ${toRows(feeds)},`,
    `  "sequencerUptime": ${JSON.stringify(Object.fromEntries(sequencers))}`,
    '}\n',
  ].join('\n')
}

const SEQUENCER = 'L2_Sequencer_Uptime_Status_Feed'
/** Plain pairs only: `SVR_…`, `…_Exchange_Rate`, `…_NAV` and their like are other things under similar names. */
const PAIR = /^_?([A-Za-z0-9]+)__(USD|ETH|BTC)$/

function toFeeds(book: Book): string[][] {
  const pairs = Object.entries(book).flatMap(([key, proxy]) => {
    const pair = PAIR.exec(key)
    return pair === null || typeof proxy !== 'string' ? [] : [[pair[1] ?? '', pair[2] ?? '', getAddress(proxy)]]
  })
  const seen = new Set<string>()
  for (const [base = '', quote] of pairs) {
    const pair = `${base.toUpperCase()}/${quote}`
    if (seen.has(pair)) throw new Error(`${pair} has two feeds on one chain, told apart by case alone`)
    seen.add(pair)
  }
  return pairs.sort(byText)
}

/** The book names its modules after Aave's names of the chains, so they are told by the chain id inside. */
async function loadBook(chainId: number): Promise<Book> {
  const files = await readdir(new URL('dist', pathToFileURL(await findManifest(BOOK))))
  const modules = files.flatMap((file) => /^(Chainlink[A-Za-z]+)\.mjs$/.exec(file)?.[1] ?? [])
  for (const module of modules) {
    const book = (await import(`${BOOK}/${module}`)) as Book
    if (book.CHAIN_ID === chainId) return book
  }
  return {}
}

type TokenRow = [symbol: string, name: string, address: string, decimals: number]

async function buildTokens(): Promise<string> {
  const listed = await loadAaveTokens()
  const rows = CHAIN_NAMES.map((name) => {
    const { id } = CHAINS[name]
    const aave = listed
      .filter(({ chainId }) => chainId === id)
      .map(({ symbol, name, address, decimals }): TokenRow => [symbol, name, getAddress(address), decimals])
    const all = new Map([...toViemRows(id), ...aave].map((row) => [JSON.stringify(row), row]))
    return [id, [...all.values()].sort(byText)] as const
  })
  return [
    '{',
    `  "source": ${JSON.stringify(`${await toSource(BOOK)}; ${await toSource('viem')}`)},`,
    '  "columns": ["symbol", "name", "address", "decimals"],',
    `  "tokens": ${toRows(rows)}`,
    '}\n',
  ].join('\n')
}

function toViemRows(chainId: number): TokenRow[] {
  return Object.values(viemTokens).flatMap((token): TokenRow[] => {
    if (typeof token !== 'function' || !('addresses' in token)) return []
    const { addresses, symbol, name, decimals } = token as unknown as {
      addresses: Record<number, string>
      symbol: string
      name: string
      decimals: number
    }
    const address = addresses[chainId]
    return address === undefined ? [] : [[symbol, name, getAddress(address), decimals]]
  })
}

type ListedToken = { chainId: number; symbol: string; name: string; address: string; decimals: number }

async function loadAaveTokens(): Promise<ListedToken[]> {
  const { tokens } = JSON.parse(
    await readFile(new URL('tokenlist.json', pathToFileURL(await findManifest(BOOK))), 'utf8'),
  ) as { tokens: ListedToken[] }
  return tokens
}

/** One row a line, so that a change of a package reads as a change of rows. */
function toRows(byChain: readonly (readonly [number, readonly unknown[]])[]): string {
  const chains = byChain
    .filter(([, rows]) => rows.length > 0)
    .map(([id, rows]) => `    "${id}": [\n${rows.map((row) => `      ${JSON.stringify(row)}`).join(',\n')}\n    ]`)
  return `{\n${chains.join(',\n')}\n  }`
}

function byText(a: readonly unknown[], b: readonly unknown[]): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)]
  return left < right ? -1 : left > right ? 1 : 0
}

async function toSource(name: string): Promise<string> {
  const { version, license } = JSON.parse(await readFile(await findManifest(name), 'utf8')) as Record<string, string>
  return `${name}@${version} (${license})`
}

/** By path: not every package exports its manifest. */
async function findManifest(name: string): Promise<string> {
  for (const directory of require.resolve.paths(name) ?? []) {
    const path = `${directory}/${name}/package.json`
    if (
      await readFile(path).then(
        () => true,
        () => false,
      )
    )
      return path
  }
  throw new Error(`${name} is not installed`)
}

if (import.meta.main) {
  for (const [file, text] of Object.entries(await buildData())) await writeFile(new URL(file, DATA), text)
}
