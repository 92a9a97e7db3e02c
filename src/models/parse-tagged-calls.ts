import type { JsonSchema } from '../messages.ts'
import { parseExactJson } from './exact-json.ts'
import type { OfferedTools, TextToolCall } from './parse-text-tool-calls.ts'

/**
 * Calls spelled with tags, as Qwen3-Coder and models trained on Claude's write them: `<function=name>` or
 * `<invoke name="name">`, and within `<parameter=key>value</parameter>` or one JSON object. Undefined where there are none, or
 * other text between them. What is cut short ends where the text does.
 */
export function parseTaggedCalls(text: string, offered: OfferedTools): TextToolCall[] | undefined {
  const heads = [...text.matchAll(HEAD)]
  const [first] = heads
  if (first === undefined || text.slice(0, first.index).trim() !== '') return undefined
  const calls = heads.map((head, at) => {
    const name = head[1] ?? ''
    const body = text.slice(head.index + head[0].length, heads[at + 1]?.index)
    const [inside = '', behind = ''] = body.split(/<\/(?:function|invoke)>/, 2)
    return behind.trim() === '' ? { name, argumentsText: toArgumentsText(inside, offered.get(name)) } : undefined
  })
  return calls.every((call) => call !== undefined) ? calls : undefined
}

const HEAD = /<(?:function=|invoke name=)"?([\w.:-]+)"?\s*>/g
const PARAMETER = /<parameter(?:=| name=)"?([^">\n]+)"?\s*>/g

function toArgumentsText(inside: string, schema: JsonSchema | undefined): string {
  if (inside.trim().startsWith('{')) return inside.trim()
  const heads = [...inside.matchAll(PARAMETER)]
  const entries = heads.map((head, at) => {
    const key = head[1]?.trim() ?? ''
    const [value = ''] = inside.slice(head.index + head[0].length, heads[at + 1]?.index).split('</parameter>', 1)
    return [key, toValue(value.replace(/^\r?\n|\r?\n[ \t]*$/g, ''), fieldOf(schema, key))] as const
  })
  return JSON.stringify(Object.fromEntries(entries))
}

/** The text as it is where the field takes texts alone; else the JSON that it is, if it is any. */
function toValue(text: string, field: JsonSchema | undefined): unknown {
  const types = [field?.type].flat().filter((type) => type !== 'null')
  if (types.length > 0 && types.every((type) => type === 'string')) return text
  try {
    return parseExactJson(text)
  } catch {
    return text
  }
}

function fieldOf(schema: JsonSchema | undefined, key: string): JsonSchema | undefined {
  const properties = schema?.properties as Record<string, JsonSchema> | undefined
  return properties && Object.hasOwn(properties, key) ? properties[key] : undefined
}
