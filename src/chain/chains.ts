import { Agent } from 'undici'
import { createReadStore } from './cache.ts'
import { toChainErrorMessage } from './chain-error.ts'
import { CHAINS, type ChainName } from './chain-list.ts'
import { ChainNotEnabledError } from './chain-not-enabled-error.ts'
import type { BlockRef, ChainSession } from './chain-session.ts'
import { type ChainStack, createChainStack } from './chain-stack.ts'
import { createSession } from './create-session.ts'
import { parseHead } from './head.ts'
import { readOnly } from './read-only.ts'
import type { Rpc } from './rpc.ts'

/** All chains of the process. */
export type Chains = {
  /**
   * A run's view; holds nothing open, so it needs no closing.
   * @param from - blocks of an earlier run that are to be read on, in place of the newest.
   */
  openSession(from?: readonly BlockRef[]): ChainSession
  /**
   * A chain's nodes as they answer now, for what is no run's question: no block is pinned, and nothing is remembered. Only reads
   * pass.
   * @throws {@link ChainNotEnabledError}
   */
  ask(chain: ChainName): Rpc
  /** Whether ethereum and the chains with nodes of their own answer, within 2 s. Never rejects. */
  check(signal: AbortSignal): Promise<readonly ChainHealth[]>
  /** Closes the connections to the nodes; waits for no read. */
  close(): Promise<void>
}

export type ChainHealth = { chain: ChainName; chainId: number } & (
  | { status: 'ok'; blockNumber: bigint }
  | { status: 'down'; detail: string }
)

export type ChainsOptions = {
  /** Chains a question may name. */
  chains: readonly ChainName[]
  /** Nodes by chain id, in order of preference; a chain without any uses its public ones. */
  rpcUrls: Readonly<Record<number, readonly string[]>>
}

export function createChains({ chains, rpcUrls }: ChainsOptions): Chains {
  const dispatcher = new Agent({ connect: { timeout: 3_000 }, keepAliveTimeout: 30_000 })
  const store = createReadStore()
  const stacks = new Map(
    chains.map((chain): [ChainName, ChainStack] => [
      chain,
      createChainStack({ chain, urls: rpcUrls[CHAINS[chain].id] ?? [], store, dispatcher }),
    ]),
  )
  const stackOf = (chain: ChainName) => {
    const stack = stacks.get(chain)
    if (stack === undefined) throw new ChainNotEnabledError({ chain, enabled: chains })
    return stack
  }
  const checked = chains.filter((chain) => chain === 'ethereum' || (rpcUrls[CHAINS[chain].id] ?? []).length > 0)

  return {
    // A block may come from a process that has more chains enabled.
    openSession: (from = []) => createSession({ stackOf, from: from.filter(({ chain }) => stacks.has(chain)) }),
    ask: (chain) => readOnly(stackOf(chain).ask),
    check: (signal) => Promise.all(checked.map((chain) => checkChain(chain, stackOf(chain), signal))),
    close: () => dispatcher.destroy(),
  }
}

const CHECK_MS = 2_000

async function checkChain(chain: ChainName, { read }: ChainStack, signal: AbortSignal): Promise<ChainHealth> {
  const { id: chainId } = CHAINS[chain]
  const within = AbortSignal.any([signal, AbortSignal.timeout(CHECK_MS)])
  try {
    const head = parseHead(await read({ method: 'eth_getBlockByNumber', params: ['latest', false], signal: within }))
    return head === undefined
      ? { chain, chainId, status: 'down', detail: `No node of ${chain} knows its newest block.` }
      : { chain, chainId, status: 'ok', blockNumber: head.number }
  } catch (error) {
    const detail = within.aborted ? `No node of ${chain} answers in time.` : toChainErrorMessage(error)
    return { chain, chainId, status: 'down', detail }
  }
}
