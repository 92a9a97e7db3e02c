import type { Logger } from 'pino'
import type { Hex } from 'viem'
import type { ChainName } from '../../chain/chain-list.ts'
import type { Chains } from '../../chain/chains.ts'
import type { Database } from '../../db/database.ts'
import { type ChainLooker, createChainLooker } from './chain-looker.ts'
import type { DepositWatcher } from './deposit-watcher.ts'
import { usdcOn } from './usdc.ts'
import { createChainWatch } from './watch-chain.ts'

export type DepositWatcherDeps = {
  database: Pick<Database, 'db'>
  chains: Pick<Chains, 'ask'>
  /** In lower case. */
  treasury: string
  chainNames: readonly ChainName[]
  /** Between looks at a chain, of all processes together; default 15,000. */
  everyMs?: number
  log: Pick<Logger, 'info' | 'warn'>
}

export function createDepositWatcher(deps: DepositWatcherDeps): DepositWatcher {
  const { database, chains, treasury, chainNames, everyMs = 15_000, log } = deps
  const stopping = new AbortController()
  const timers = new Map<ChainLooker, NodeJS.Timeout>()
  const looking = new Set<Promise<void>>()
  const lookers = chainNames.flatMap((chain) => {
    const token = usdcOn(chain)
    if (token === undefined) return []
    const place = { chain, token, treasury: treasury as Hex }
    const watch = createChainWatch({ ...place, db: database.db, ask: chains.ask(chain), freshMs: everyMs / 2, log })
    return [createChainLooker(watch, log)]
  })

  /** `stop` waits for it. */
  function look(looker: ChainLooker): Promise<void> {
    const begun = looker.look(stopping.signal).finally(() => looking.delete(begun))
    looking.add(begun)
    return begun
  }

  function plan(looker: ChainLooker, ms: number): void {
    const tick = async () => {
      await look(looker)
      if (!stopping.signal.aborted) plan(looker, looker.waitMs(everyMs))
    }
    const timer = setTimeout(() => void tick(), ms)
    timers.set(looker, timer)
  }

  return {
    start() {
      const without = chainNames.filter((chain) => usdcOn(chain) === undefined)
      if (without.length > 0) log.info({ chains: without }, 'there is no USDC on some chains: no deposits there')
      for (const looker of lookers) plan(looker, Math.random() * FIRST_WITHIN * everyMs)
    },
    async stop() {
      stopping.abort()
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(looking)
    },
    look: async () => void (await Promise.all(lookers.map(look))),
    status: () => lookers.map((looker) => looker.status()),
  }
}

const FIRST_WITHIN = 0.1
