import type { Chain } from 'viem'

export type ChainName =
  | 'ethereum'
  | 'base'
  | 'arbitrum'
  | 'optimism'
  | 'polygon'
  | 'bsc'
  | 'avalanche'
  | 'gnosis'
  | 'linea'
  | 'scroll'
  | 'zksync'
  | 'sepolia'

/** The chains a question may name. Keys are the names shown to models and callers. */
export const CHAINS: Readonly<Record<ChainName, Chain>> = {
  ethereum: await loadChain('mainnet'),
  base: await loadChain('base'),
  arbitrum: await loadChain('arbitrum'),
  optimism: await loadChain('optimism'),
  polygon: await loadChain('polygon'),
  bsc: await loadChain('bsc'),
  avalanche: await loadChain('avalanche'),
  gnosis: await loadChain('gnosis'),
  linea: await loadChain('linea'),
  scroll: await loadChain('scroll'),
  zksync: await loadChain('zksync'),
  sepolia: await loadChain('sepolia'),
}

export const CHAIN_NAMES = Object.keys(CHAINS) as readonly ChainName[]

const ALIASES: Readonly<Record<string, ChainName>> = {
  eth: 'ethereum',
  mainnet: 'ethereum',
  'ethereum mainnet': 'ethereum',
  'eth mainnet': 'ethereum',
  l1: 'ethereum',
  'base mainnet': 'base',
  arb: 'arbitrum',
  arb1: 'arbitrum',
  'arbitrum one': 'arbitrum',
  op: 'optimism',
  'op mainnet': 'optimism',
  matic: 'polygon',
  'polygon pos': 'polygon',
  bnb: 'bsc',
  'bnb chain': 'bsc',
  'bnb smart chain': 'bsc',
  'binance smart chain': 'bsc',
  avax: 'avalanche',
  'avalanche c-chain': 'avalanche',
  xdai: 'gnosis',
  'gnosis chain': 'gnosis',
  'zksync era': 'zksync',
  'sepolia testnet': 'sepolia',
}

/** Every word a chain goes by, in lower case: names, aliases, decimal ids and CAIP-2 ids. */
export const CHAIN_WORDS: ReadonlyMap<string, ChainName> = new Map([
  ...Object.entries(ALIASES),
  ...CHAIN_NAMES.flatMap((name): [string, ChainName][] => [
    [name, name],
    [String(CHAINS[name].id), name],
    [`eip155:${CHAINS[name].id}`, name],
  ]),
])

/**
 * The chain a name, alias, decimal or hex id or CAIP-2 id means, or undefined. Case, outer spaces and a word such as
 * `network` after the name do not matter.
 */
export function findChainName(text: string | number): ChainName | undefined {
  const word = String(text).trim().toLowerCase()
  const id = /^0x[0-9a-f]{1,8}$/.test(word) ? String(Number(word)) : word
  return CHAIN_WORDS.get(id) ?? CHAIN_WORDS.get(word.replace(/ (mainnet|network|chain|blockchain)$/, ''))
}

/** From a file of its own: all 700 that `viem/chains` brings would take a quarter of the time a start takes. */
async function loadChain<Name extends keyof typeof import('viem/chains')>(name: Name) {
  const file = new URL(`definitions/${name}.js`, import.meta.resolve('viem/chains'))
  return ((await import(file.href)) as typeof import('viem/chains'))[name]
}
