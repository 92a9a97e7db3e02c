import { LRUCache } from 'lru-cache'
import { findSchemaFault } from '../check-json.ts'
import type { JsonSchema } from '../messages.ts'

/** Why nothing can be held against a schema, fit for its author; undefined where it can. */
export type FindSchemaFault = (schema: JsonSchema) => string | undefined

/**
 * Remembers which schemas are sound: agents send the same tools with every request, and checking one takes a millisecond.
 * A fault is found anew each time, as one of them is that the check took too long.
 */
export function createSchemaFaults(): FindSchemaFault {
  const sound = new LRUCache<string, true>({ maxSize: MAX_CHARS, sizeCalculation: (_, text) => text.length })
  return (schema) => {
    const text = JSON.stringify(schema)
    if (sound.get(text)) return undefined
    const fault = findSchemaFault(schema)
    if (fault === undefined) sound.set(text, true)
    return fault
  }
}

const MAX_CHARS = 4_000_000
