/**
 * Who wakes a backend that sleeps: one caller at a time, the others wait for it. What a process holds it gives up after a
 * while by itself, so that nobody waits for one that has died.
 */
export type WarmUps = {
  /** True where it is `holder`'s from now on, or still, for `ms`. */
  take(name: string, holder: string, ms: number): Promise<boolean>
  /** Does nothing where it is another's. */
  free(name: string, holder: string): Promise<void>
}

/** Among the callers of this process. */
export function createMemoryWarmUps({ now = performance.now.bind(performance) } = {}): WarmUps {
  const held = new Map<string, { holder: string; untilMs: number }>()
  return {
    async take(name, holder, ms) {
      const other = held.get(name)
      if (other !== undefined && other.holder !== holder && now() < other.untilMs) return false
      held.set(name, { holder, untilMs: now() + ms })
      return true
    },
    async free(name, holder) {
      if (held.get(name)?.holder === holder) held.delete(name)
    },
  }
}
