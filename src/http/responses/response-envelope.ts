import type { InputItem } from './input-items.ts'
import type { CallersTool } from './offered-tools.ts'
import type { WireResponse } from './response-object.ts'

/** What a response that is asked for again needs, beside its run. */
export type ResponseEnvelope = {
  api: 'responses'
  /** As it stood before anything had happened. */
  start: WireResponse
  /** The conversation before its output. */
  input: readonly InputItem[]
  /** By the name that the model calls. */
  callers: readonly (readonly [name: string, tool: CallersTool])[]
  trace: boolean
  /** Whether its events can be followed. */
  streams: boolean
}

/** Undefined for a run of another API. */
export function toResponseEnvelope(envelope: unknown): ResponseEnvelope | undefined {
  const isOurs = typeof envelope === 'object' && envelope !== null && 'api' in envelope && envelope.api === 'responses'
  return isOurs ? (envelope as ResponseEnvelope) : undefined
}
