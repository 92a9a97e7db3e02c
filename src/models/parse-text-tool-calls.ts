import type { JsonSchema } from '../messages.ts'
import { isJsonObject, parseExactJson } from './exact-json.ts'
import { parseTaggedCalls } from './parse-tagged-calls.ts'

export type TextToolCall = { name: string; argumentsText: string }

/** The schema of each tool that may be called; undefined where it is not known. */
export type OfferedTools = ReadonlyMap<string, JsonSchema | undefined>

/**
 * The tool calls that `text` spells out and nothing else: JSON objects or arrays of them, one after another, or calls
 * spelled with tags. Undefined where anything is not a call to one of `offered`.
 * @param options.marked - the text was marked as a call. It may then lack arguments, name a tool that was not offered, or
 * be broken behind its name: who runs the call tells the model.
 */
export function parseTextToolCalls(
  text: string,
  offered: OfferedTools,
  { marked }: { marked: boolean },
): TextToolCall[] | undefined {
  const tagged = parseTaggedCalls(text, offered)
  if (tagged !== undefined) return marked || tagged.every(({ name }) => offered.has(name)) ? tagged : undefined
  const values = parseSequence(text)
  if (values === undefined) return marked ? (parseNamedCalls(text, offered) ?? toBrokenCall(text, offered)) : undefined
  const calls = values.flat().map((value) => toCall(value, offered, marked))
  return calls.length > 0 && calls.every((call) => call !== undefined) ? calls : undefined
}

/** Mistral's later form, with the name ahead of the arguments, and a mark ahead of each call: `name[ARGS]{…}`, or `name{…}`. */
function parseNamedCalls(text: string, offered: OfferedTools): TextToolCall[] | undefined {
  const calls = text.split('[TOOL_CALLS]').map((part) => {
    const [head, name = '', mark] = NAMED_HEAD.exec(part) ?? []
    const isCall = head !== undefined && (mark !== undefined || offered.has(name))
    return isCall ? { name, argumentsText: part.slice(head.length).trim() } : undefined
  })
  return calls.every((call) => call !== undefined) ? calls : undefined
}

const NAMED_HEAD = /^\s*([\w.-]+)(?:\[CALL_ID\]\w*)?(?:(\[ARGS\])\s*|\s*(?=\{))/

/** What follows the arguments' colon, up to their end where they have one: a brace too few or too many behind them is no harm. */
function toBrokenCall(text: string, offered: OfferedTools): TextToolCall[] | undefined {
  const name = BROKEN_NAME.exec(text)?.[1]
  if (name === undefined || !offered.has(name)) return undefined
  const start = BROKEN_ARGUMENTS.exec(text)
  if (start === null) return [{ name, argumentsText: text.trim() }]
  const from = start.index + start[0].length
  return [{ name, argumentsText: text.slice(from, endOfValue(text, from)).trim() }]
}

const BROKEN_NAME = /^[\s[]*\{\s*"name"\s*:\s*"([^"]*)"/
const BROKEN_ARGUMENTS = /"(?:arguments|parameters)"\s*:\s*/

function toCall(value: unknown, offered: OfferedTools, marked: boolean): TextToolCall | undefined {
  if (!isJsonObject(value)) return undefined
  const call = isJsonObject(value.function) ? value.function : value
  const { name } = call
  const args = call.arguments ?? call.parameters
  if (typeof name !== 'string' || name === '' || !(marked || offered.has(name))) return undefined
  if (args === undefined || args === null) return marked ? { name, argumentsText: '{}' } : undefined
  if (typeof args === 'string') return { name, argumentsText: args }
  return isJsonObject(args) ? { name, argumentsText: JSON.stringify(args) } : undefined
}

/** JSON values that follow each other with nothing but blanks, commas or semicolons between. */
function parseSequence(text: string): unknown[] | undefined {
  const values: unknown[] = []
  for (let at = skipGap(text, 0); at < text.length; ) {
    const end = endOfValue(text, at)
    if (end === undefined) return undefined
    try {
      values.push(parseExactJson(text.slice(at, end)))
    } catch {
      return undefined
    }
    at = skipGap(text, end)
  }
  return values
}

function skipGap(text: string, from: number): number {
  let at = from
  while (at < text.length && ' \t\r\n,;'.includes(text.charAt(at))) at++
  return at
}

/** Where the object or array that begins at `from` closes. */
function endOfValue(text: string, from: number): number | undefined {
  let depth = 0
  let inString = false
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at)
    if (inString) {
      if (char === '\\') at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === '{' || char === '[') depth++
    else if (char === '}' || char === ']') depth--
    if (depth === 0) return inString || at === from ? undefined : at + 1
  }
  return undefined
}
