import { type OutputUnit, type Schema, Validator } from '@cfworker/json-schema'
import schemas from './official/schemas.json' with { type: 'json' }

type OfficialName = 'ChatCompletion' | 'ChatCompletionChunk' | 'ErrorObject' | 'Response'

/** The version of the package `openai` that the schemas were taken from. */
export const OFFICIAL_VERSION = schemas.openai

/**
 * Where `value` differs from OpenAI's own description, a line each; empty where it does not. Stricter in one thing: what
 * the description does not name must not be there.
 */
export function officialFaults(name: OfficialName, value: unknown): string[] {
  return faultsBy(name, value)
}

/** The same for an event of a streamed response. It is held against the one schema of its `type`, so that complaints are few. */
export function officialEventFaults(event: { type: string }): string[] {
  const name = EVENTS.find((each) => definitions[each]?.properties?.type?.const === event.type)
  return name === undefined ? [`no event is called ${event.type}`] : faultsBy(name, event)
}

const definitions: Record<string, Schema & { properties?: Record<string, { const?: unknown }> }> =
  schemas.definitions as object as Record<string, Schema>
const EVENTS = schemas.definitions.ResponseStreamEvent.anyOf.map(({ $ref }) => $ref.replace('#/definitions/', ''))

function faultsBy(name: string, value: unknown): string[] {
  const { errors } = new Validator({ $ref: `#/definitions/${name}`, definitions }, '7', false).validate(value)
  // Each complaint about a part is followed by one about every whole around it.
  const isBelow = (part: OutputUnit, whole: OutputUnit) => part.keywordLocation.startsWith(`${whole.keywordLocation}/`)
  const causes = errors.filter((error) => !errors.some((other) => isBelow(other, error)))
  return causes.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`)
}
