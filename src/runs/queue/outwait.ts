import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { QueueSetupError } from './queue-setup-error.ts'

export type OutwaitOptions = {
  /** Begins a sentence: `Redis at REDIS_URL`. */
  what: string
  /** Whether waiting may help. */
  isAway(error: unknown): boolean
  log: Pick<Logger, 'info'>
  waitMs?: number | undefined
}

/** Connects to a server that may be starting as well. @throws {@link QueueSetupError} when it does not come. */
export async function outwait<Connection>(
  connect: () => Promise<Connection>,
  { what, isAway, log, waitMs = WAIT_MS }: OutwaitOptions,
): Promise<Connection> {
  const startedAtMs = performance.now()
  for (let isFirst = true; ; isFirst = false) {
    try {
      return await connect()
    } catch (error) {
      if (!isAway(error)) throw error
      if (performance.now() - startedAtMs > waitMs) throw toSetupError(error, what, waitMs)
      if (isFirst) log.info(`${what} does not answer: waiting up to ${Math.ceil(waitMs / 1_000)} s`)
      await delay(RETRY_MS)
    }
  }
}

function toSetupError(cause: unknown, what: string, waitMs: number): QueueSetupError {
  const code = cause instanceof Error && 'code' in cause ? ` (${cause.code})` : ''
  return new QueueSetupError(`${what} has not answered for ${Math.ceil(waitMs / 1_000)} s${code}. Is it running?`, {
    cause,
  })
}

const WAIT_MS = 30_000
const RETRY_MS = 500
