import type { JsonSchema } from '../messages.ts'
import { renameArguments } from './rename-arguments.ts'

/**
 * Arguments brought to the shape of `schema` where only the form differs: `"5"` for 5, 8453 for `"8453"`, one value or
 * `"ETH and BTC"` for a list, `network` for `chain`, a whole call for its arguments. Models fill what they do not need with
 * null, an empty string or, for a block, `latest`, so those count as left out.
 */
export function fitArguments(args: Record<string, unknown>, schema: JsonSchema): Record<string, unknown> {
  const properties = asRecord(schema.properties)
  const entries = Object.entries(unwrap(args, properties)).filter(([, value]) => value !== null && value !== '')
  const named = renameArguments(Object.fromEntries(entries), schema)
  const fitted = Object.entries(named)
    .map(([key, value]) => [key, toShape(value, asRecord(properties[key]))] as const)
    .filter(([, value]) => value !== undefined)
  return Object.fromEntries(fitted)
}

/** Around the arguments, small models write the call they stand in: `{ "name": "gas", "arguments": { … } }`. */
function unwrap(args: Record<string, unknown>, properties: JsonSchema): Record<string, unknown> {
  const inner = Object.entries(args).find(
    ([key, value]) => WRAPPERS.has(key) && !(key in properties) && isRecord(value),
  )
  if (inner === undefined) return args
  const isCall = Object.keys(args).every((key) => key === inner[0] || CALL_KEYS.has(key))
  return isCall ? (inner[1] as Record<string, unknown>) : args
}

const WRAPPERS: ReadonlySet<string> = new Set(['arguments', 'args', 'parameters', 'params', 'input'])
const CALL_KEYS: ReadonlySet<string> = new Set(['id', 'name', 'type', 'tool', 'function'])

function toShape(value: unknown, schema: JsonSchema): unknown {
  switch (schema.type) {
    case 'array':
      return toList(value, asRecord(schema.items)).map((item) => toShape(item, asRecord(schema.items)))
    case 'object':
      return isRecord(value) ? fitArguments(value, schema) : value
    case 'string':
      if (Array.isArray(value) && value.length === 1) return toShape(value[0], schema)
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value
    case 'integer':
    case 'number':
      return typeof value === 'string' ? toNumber(value.trim(), schema) : value
    case 'boolean':
      return typeof value === 'string' && /^(true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value
    default:
      return value
  }
}

/** Undefined for the latest block: that is the one read where none is named. */
function toNumber(text: string, { format }: JsonSchema): unknown {
  if (format === 'block' && /^(latest|newest|current|head|now)$/i.test(text)) return undefined
  if (format === 'block' && /^0x[0-9a-f]{1,12}$/i.test(text)) return Number(text)
  const digits = format === 'block' ? text.replace(/^#\s*/, '') : text
  return NUMERIC.test(digits) ? Number(digits.replaceAll(',', '')) : text
}

const NUMERIC = /^-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?$/

function toList(value: unknown, { format }: JsonSchema): unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return [value]
  if (value.trim().startsWith('[')) {
    try {
      const parsed: unknown = JSON.parse(value)
      if (Array.isArray(parsed)) return parsed
    } catch {
      // Not JSON: then it is words.
    }
  }
  return value
    .split(format === 'address' ? ADDRESS_BREAK : BREAK)
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

const BREAK = /\s*[,;&]\s*(?:and\s+)?|\s+and\s+/i
/** Neither an address nor a name holds a space. */
const ADDRESS_BREAK = /\s*[,;&]\s*(?:and\s+)?|\s+and\s+|\s+/i

function asRecord(value: unknown): JsonSchema {
  return isRecord(value) ? value : {}
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
