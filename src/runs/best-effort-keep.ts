import type { Keep } from './keep.ts'
import { isStoreAway } from './outlast-outage.ts'

type Remembering<Value extends object> = Pick<Keep<Value>, 'get' | 'set'>

/** Keeps what it would be good to have: while the store is away nothing is found and nothing kept, and nobody is held up. */
export function bestEffort<Value extends object>(
  keep: Remembering<Value>,
  onLost: (error: unknown) => void,
): Remembering<Value> {
  const forgive = (error: unknown): undefined => {
    if (!isStoreAway(error)) throw error
    onLost(error)
  }
  return {
    get: (caller, id) => keep.get(caller, id).catch(forgive),
    set: (caller, id, value) => keep.set(caller, id, value).catch(forgive),
  }
}
