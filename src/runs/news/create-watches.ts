import type { RunWatch } from '../run-news.ts'

/** Who waits for which run, in this process. */
export type Watches = {
  add(runId: string): RunWatch
  /** The runs that somebody watches. */
  ids(): readonly string[]
  tell(runId: string): void
  tellAll(): void
  /** Tells where `lastSeq` is another than at the last comparison. Undefined where the run is gone. */
  compare(runId: string, lastSeq: number | undefined): void
}

type Watched = { lastSeq: number | undefined; watchers: Set<Watcher> }
type Watcher = { hasNews: boolean; wake: (() => void) | undefined }

export function createWatches(): Watches {
  const runs = new Map<string, Watched>()

  function tell({ watchers }: Watched): void {
    for (const watcher of watchers) {
      watcher.hasNews = true
      watcher.wake?.()
    }
  }

  return {
    add(runId) {
      const watcher: Watcher = { hasNews: false, wake: undefined }
      const watched = runs.get(runId) ?? { lastSeq: undefined, watchers: new Set() }
      runs.set(runId, watched)
      watched.watchers.add(watcher)
      // What was compared before this one came may be older than what its owner reads now.
      watched.lastSeq = undefined
      return {
        async next(signal) {
          signal.throwIfAborted()
          if (!watcher.hasNews) await sleep(watcher, signal)
          watcher.hasNews = false
        },
        stop() {
          watched.watchers.delete(watcher)
          if (watched.watchers.size === 0 && runs.get(runId) === watched) runs.delete(runId)
        },
      }
    },
    ids: () => [...runs.keys()],
    tell(runId) {
      const watched = runs.get(runId)
      if (watched !== undefined) tell(watched)
    },
    tellAll() {
      for (const watched of runs.values()) tell(watched)
    },
    compare(runId, lastSeq) {
      const watched = runs.get(runId)
      if (watched === undefined || (lastSeq !== undefined && watched.lastSeq === lastSeq)) return
      watched.lastSeq = lastSeq
      tell(watched)
    },
  }
}

function sleep(watcher: Watcher, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      signal.removeEventListener('abort', abort)
      watcher.wake = undefined
    }
    const abort = () => {
      end()
      reject(signal.reason)
    }
    watcher.wake = () => {
      end()
      resolve()
    }
    signal.addEventListener('abort', abort)
  })
}
