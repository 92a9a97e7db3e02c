import type { RunNews } from '../../runs/run-news.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import type { BackgroundResponse } from './kept-responses.ts'
import type { ResponseEvent } from './response-event.ts'
import { tellStored } from './tell-stored.ts'

/** The events of a response in the background that come after the number `after`, as they happen, to its end. */
export async function* followResponse(
  { runs, news }: { runs: Pick<RunDesk, 'find'>; news: RunNews },
  { run, envelope }: BackgroundResponse,
  { after, signal }: { after: number; signal: AbortSignal },
): AsyncGenerator<ResponseEvent> {
  const watch = news.watch(run.id)
  try {
    for (let told = after; ; ) {
      const now = await runs.find(run.caller, run.id)
      if (now === undefined) return // deleted meanwhile
      const { events } = await tellStored(now, envelope)
      for (const event of events) {
        if (event.sequence_number <= told) continue
        told = event.sequence_number
        yield event
      }
      if (now.outcome !== null) return
      await watch.next(signal)
    }
  } finally {
    watch.stop()
  }
}
