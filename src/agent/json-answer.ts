import { findMismatch } from '../check-json.ts'
import type { JsonFormat } from '../messages.ts'

/**
 * The JSON of an answer, or what is wrong with it, in words a model can act on. Code fences and words around one JSON object
 * are taken off: small models cannot leave them out.
 */
export function readJsonAnswer(text: string, { schema }: JsonFormat): { json: string } | { fault: string } {
  const candidates = [unfence(text), /\{[\s\S]*\}/.exec(text)?.[0] ?? '']
  const json = candidates.find((candidate) => parse(candidate) !== undefined)
  if (json === undefined) return { fault: 'It is not JSON.' }
  const { value } = parse(json) ?? {}
  if (schema === undefined) return isObject(value) ? { json } : { fault: 'It is not a JSON object.' }
  const mismatch = findMismatch(schema, value)
  return mismatch === undefined ? { json } : { fault: mismatch }
}

function unfence(text: string): string {
  return (/^\s*```[a-z]*\s*([\s\S]*?)\s*```\s*$/i.exec(text)?.[1] ?? text).trim()
}

function parse(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
