import type { Logger } from 'pino'
import type { Stopping } from './stopping.ts'
import type { Listening } from './transport/listen.ts'

/** After the limit, for the errors that end the answers to get out. */
const FLUSH_MS = 2_000

/**
 * Takes no new requests, and lets the running ones end. Those that have not when `limit` fires are broken off with an error,
 * and resolves within 2 s of that.
 */
export async function drainRequests(
  listening: Pick<Listening, 'close' | 'unanswered'>,
  stopping: Stopping,
  { limit, log }: { limit: AbortSignal; log: Pick<Logger, 'info' | 'warn'> },
): Promise<void> {
  const { unanswered } = listening
  if (unanswered > 0) log.info({ requests: unanswered }, `stopping: waiting for ${toCount(unanswered)} to be answered`)
  const cut = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const breakOff = () => {
    const requests = listening.unanswered
    if (requests > 0) log.warn({ requests }, `stopping: the time is over, ${toCount(requests)} broken off`)
    stopping.breakOff()
    timer = setTimeout(() => cut.abort(), FLUSH_MS)
  }
  stopping.begin()
  if (limit.aborted) breakOff()
  else limit.addEventListener('abort', breakOff, { once: true })
  await listening.close(cut.signal)
  limit.removeEventListener('abort', breakOff)
  clearTimeout(timer)
}

const toCount = (requests: number) => (requests === 1 ? '1 request' : `${requests} requests`)
