import { MetadataPairs } from '../shared-fields.ts'

/** The rule itself; the schema that judges counts the pairs before it looks at them. */
export const Metadata = MetadataPairs.meta({ override: { maxProperties: 16 } }).nullish()

/** On fields that mean the same in both APIs. */
export const SHARED_NOTES = {
  model: "An id of `GET /v1/models`. Without one it is `operator`'s turn.",
  stream: 'Answer as server-sent events.',
  tool_choice: "Speaks of the caller's tools alone.",
  metadata: "Written to the request's line in the log, and kept with a run.",
  user: 'Ignored.',
  safety_identifier: 'Ignored.',
  prompt_cache_key: 'Ignored.',
  groundwire:
    '`trace: true` adds how the answer came about, as the header `x-groundwire-trace` does. `webhook` is told when a run in the background has ended, and needs `background: true`.',
}
