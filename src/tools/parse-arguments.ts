import { unfence } from './unfence.ts'

/**
 * The object a model meant by its arguments, or undefined. Models fence their JSON, escape it twice, leave it empty for
 * "no arguments", quote like Python and leave trailing commas; anything beyond that is theirs to repair.
 */
export function parseArguments(text: string): Record<string, unknown> | undefined {
  const bare = unfence(text)
  if (bare === '' || bare === 'null') return {}
  const value = parseJson(bare) ?? parseJson(toJson(bare))
  if (typeof value === 'string' && value !== text) return parseArguments(value)
  return isRecord(value) ? value : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** One string, a Python word, or a comma before a closing bracket; strings come first, so nothing inside them is touched. */
const TOKENS = /"(?:[^"\\]|\\.)*"|'((?:[^'\\]|\\.)*)'|\b(True|False|None)\b|,(?=\s*[}\]])/g
const WORDS: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null' }

function toJson(text: string): string {
  return text.replace(TOKENS, (token, single: string | undefined, word: string | undefined) => {
    if (single !== undefined) return JSON.stringify(single.replace(/\\(['"\\])/g, '$1'))
    if (word !== undefined) return WORDS[word] ?? word
    return token === ',' ? '' : token
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
