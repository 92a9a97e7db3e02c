import type { Logger } from 'pino'
import { toChainErrorMessage } from '../../chain/chain-error.ts'
import type { DepositStatus } from './deposit-watcher.ts'
import type { ChainWatch } from './watch-chain.ts'

/** Looks at one chain, and tells the log when that begins to fail and when it works again. */
export type ChainLooker = {
  /** Never rejects. */
  look(signal: AbortSignal): Promise<void>
  status(): DepositStatus
  /** To the next look: longer, the more have failed. */
  waitMs(everyMs: number): number
}

export function createChainLooker(watch: ChainWatch, log: Pick<Logger, 'info' | 'warn'>): ChainLooker {
  const { chain } = watch.status()
  let fault: string | undefined
  let failures = 0
  return {
    async look(signal) {
      try {
        if (!(await watch.look(signal))) return
        if (fault !== undefined) log.info({ chain }, 'deposits are credited again')
        fault = undefined
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        const reason = toChainErrorMessage(error)
        if (reason !== fault) log.warn({ chain, reason }, 'deposits cannot be credited for now')
        fault = reason
        failures++
      }
    },
    status: () => ({ ...watch.status(), fault }),
    waitMs: (everyMs) => Math.min(everyMs * 2 ** failures, Math.max(everyMs, LONGEST_WAIT_MS)),
  }
}

const LONGEST_WAIT_MS = 300_000
