import { within } from '../../within.ts'
import type { JobQueue } from './backend.ts'

/** Closes a queue or a worker. False where that could not be done well: a connection that is broken is not waited for. */
export async function shut(connected: Pick<JobQueue, 'close' | 'disconnect'>): Promise<boolean> {
  const closed = connected.close().then(
    () => true,
    () => true,
  )
  if (await within(CLOSE_MS, closed)) return true
  void connected.disconnect().catch(() => {})
  return false
}

export const CLOSE_MS = 1_000
