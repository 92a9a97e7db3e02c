/**
 * Reads JSON whose numbers `JSON.stringify` writes as they stood: amounts in wei are more than a double holds.
 * @throws SyntaxError where it is no JSON; RangeError where it is nested too deeply.
 */
export function parseExactJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = typeof value === 'number' ? context?.source : undefined
    return source === undefined || source === String(value) ? value : rawJSON(source)
  })
}

/** Whether it is an object as JSON has them, and no number that {@link parseExactJson} kept as text. */
export function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isRawJSON(value)
}

/** ECMAScript's "JSON.parse source text access", which TypeScript's library does not have yet. */
const { rawJSON, isRawJSON } = JSON as typeof JSON & {
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}
