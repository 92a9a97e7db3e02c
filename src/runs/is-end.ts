import { END_STATES } from './run-record.ts'
import type { StoredEvent } from './run-store.ts'

/** Whether it is the last event of its run, which says how that has ended. */
export function isEnd({ type }: Pick<StoredEvent, 'type'>): boolean {
  return (END_STATES as readonly string[]).includes(type)
}
