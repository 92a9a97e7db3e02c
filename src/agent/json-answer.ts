import { findMismatch } from '../check-json.ts'
import type { JsonFormat } from '../messages.ts'
import { unfence } from '../tools/unfence.ts'

/**
 * The JSON of an answer, or what is wrong with it, in words a model can act on. Code fences and words around one JSON object
 * are taken off, as small models cannot leave them out; where the text was cut, what it holds is no answer.
 */
export function readJsonAnswer(
  text: string,
  { schema, wasCut = false }: Pick<JsonFormat, 'schema'> & { wasCut?: boolean },
): { json: string } | { fault: string } {
  const candidates = wasCut ? [text.trim()] : [unfence(text), objectWithin(text)]
  const json = candidates.find((candidate) => parse(candidate) !== undefined)
  if (json === undefined) return { fault: 'It is not JSON.' }
  const { value } = parse(json) ?? {}
  if (schema === undefined) return isObject(value) ? { json } : { fault: 'It is not a JSON object.' }
  const mismatch = findMismatch(schema, value)
  return mismatch === undefined ? { json } : { fault: mismatch }
}

/** From the first bracket to the last, where that is an object with something in it. */
function objectWithin(text: string): string {
  const start = text.indexOf('{')
  const list = text.indexOf('[')
  if (start === -1 || (list !== -1 && list < start)) return ''
  const object = text.slice(start, text.lastIndexOf('}') + 1)
  return /^\{\s*\}$/.test(object.slice(0, 100)) ? '' : object
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
