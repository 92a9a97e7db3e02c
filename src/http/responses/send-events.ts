import type { Response } from 'express'
import { createSseWriter, toSseFrame } from '../transport/sse.ts'
import type { ResponseEvent } from './response-event.ts'

export type SendEventsOptions = {
  signal: AbortSignal
  heartbeatMs: number
  lifeSign?: (() => ResponseEvent | undefined) | undefined
  /** The head is sent before the first event: nothing can fail any more that has a status of its own. */
  atOnce?: boolean
  /** Tells the failure in the stream, once the head is out. */
  fail?: (thrown: unknown) => Promise<readonly ResponseEvent[]>
}

/** Named events, the last of which says how the response ended; there is no `[DONE]`. */
export async function sendEvents(
  res: Response,
  events: AsyncIterable<ResponseEvent>,
  { signal, heartbeatMs, lifeSign, atOnce = false, fail }: SendEventsOptions,
): Promise<void> {
  const sse = createSseWriter(res, { toFrame, heartbeatMs, lifeSign, signal })
  try {
    if (atOnce) {
      await sse.open()
      res.flushHeaders()
    }
    for await (const event of events) await sse.send(event)
  } catch (error) {
    if (!res.headersSent || res.destroyed || fail === undefined) throw error
    res.locals.note.error = error
    sse.end(await fail(error))
    return
  } finally {
    sse.stop()
  }
  await sse.open()
  res.end()
}

const toFrame = (event: unknown) => `event: ${(event as ResponseEvent).type}\n${toSseFrame(event)}`
