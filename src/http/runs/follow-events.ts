import { isEnd } from '../../runs/is-end.ts'
import type { RunNews } from '../../runs/run-news.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import { runNotFound } from './expect-run.ts'
import { toWireRunEvent, type WireRunEvent } from './run-event.ts'

export type FollowEventsDeps = { runs: Pick<RunDesk, 'find' | 'events'>; news: RunNews }

/**
 * The events of a run after the number `after`, as they happen. The last one, which says how it has ended, is still to come.
 * @throws {@link runNotFound} where the run is deleted meanwhile.
 */
export async function* followEvents(
  { runs, news }: FollowEventsDeps,
  { caller, id, after, signal }: { caller: string; id: string; after: number; signal: AbortSignal },
): AsyncGenerator<WireRunEvent> {
  const find = async () => {
    const run = await runs.find(caller, id)
    if (run === undefined) throw runNotFound(id)
    return run
  }
  const watch = news.watch(id)
  try {
    for (let seen = after; ; ) {
      const events = await runs.events(caller, id, seen)
      if (events === undefined) throw runNotFound(id)
      for (const event of events) {
        seen = event.seq
        yield await toWireRunEvent(id, event, find)
        if (isEnd(event)) return
      }
      await watch.next(signal)
    }
  } finally {
    watch.stop()
  }
}
