import { createContext, Script } from 'node:vm'
import { type OutputUnit, Validator } from '@cfworker/json-schema'
import type { JsonSchema } from './messages.ts'

/** Why nothing can be held against `schema`, fit for its author; undefined where it can. Nothing is ever fetched for a `$ref`. */
export function findSchemaFault(schema: JsonSchema): string | undefined {
  const malformed = findMismatch(META_SCHEMA, schema)
  if (malformed !== undefined) return malformed
  // Each kind of value takes another way through the schema: what is wrong at its root shows at once.
  const tried = check(schema, [null, '', 0, [], {}])
  return 'fault' in tried ? tried.fault : undefined
}

/** Where `value` does not fit, in words a model can act on; undefined where it fits. */
export function findMismatch(schema: JsonSchema, value: unknown): string | undefined {
  const result = check(schema, [value])
  if ('fault' in result) return result.fault
  const errors = result.errors.slice(0, MAX_ERRORS)
  const causes = errors.filter((error) => !errors.some((other) => isBelow(other, error)))
  const complaints = new Set(causes.slice(0, MAX_COMPLAINTS).map(toComplaint))
  return complaints.size === 0 ? undefined : [...complaints].join(' ').slice(0, 600)
}

const MAX_ERRORS = 100
const MAX_COMPLAINTS = 4

/** Each complaint about a part is followed by one about every whole around it. */
const isBelow = (part: OutputUnit, whole: OutputUnit) => part.keywordLocation.startsWith(`${whole.keywordLocation}/`)

function toComplaint({ instanceLocation, keyword, error }: OutputUnit): string {
  const place = instanceLocation === '#' ? '' : `${instanceLocation.slice(2)}: `
  return place + (keyword === 'false' ? 'This must not be here.' : error)
}

/**
 * A caller writes the schema, so it may hold a pattern that backtracks for ever, or references that multiply. The time is the
 * wall clock's, which may be lost to other processes: hence a second try.
 */
const MAX_CHECK_MS = [100, 400]
/** Nobody waits for the same schema twice. */
const tooSlow = new WeakSet<JsonSchema>()
const TOO_SLOW = 'It takes too long to check a value against it.'

function check(schema: JsonSchema, values: readonly unknown[]): { errors: OutputUnit[] } | { fault: string } {
  if (tooSlow.has(schema)) return { fault: TOO_SLOW }
  for (const limitMs of MAX_CHECK_MS) {
    try {
      return {
        errors: withinTime(limitMs, () => {
          const validator = new Validator(schema, '2020-12', false)
          return values.flatMap((value) => validator.validate(value).errors)
        }),
      }
    } catch (error) {
      const { name, code, message } = error as { name?: string; code?: string; message?: string } // of the script's realm
      if (code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') continue
      if (name === 'RangeError') return { fault: 'It refers to itself without end, or is too large.' }
      return { fault: String(message).split('\n', 1).join('').slice(0, 200) }
    }
  }
  tooSlow.add(schema)
  return { fault: TOO_SLOW }
}

/** The one way to stop a regular expression: V8 ends a script that runs too long, whatever it is calling. */
function withinTime<T>(limitMs: number, work: () => T): T {
  BOX.work = work
  try {
    return SCRIPT.runInContext(BOX, { timeout: limitMs })
  } finally {
    BOX.work = undefined
  }
}

const BOX = createContext({ work: undefined as unknown })
const SCRIPT = new Script('work()')

/** The keywords that lead on to other schemas, or that the validator would pass over where their form is wrong. */
const META_SCHEMA: JsonSchema = {
  $ref: '#/$defs/schema',
  $defs: {
    schema: {
      type: ['object', 'boolean'],
      properties: {
        type: { anyOf: [{ $ref: '#/$defs/type' }, { type: 'array', items: { $ref: '#/$defs/type' }, minItems: 1 }] },
        properties: { $ref: '#/$defs/schemas' },
        patternProperties: { $ref: '#/$defs/schemas' },
        $defs: { $ref: '#/$defs/schemas' },
        definitions: { $ref: '#/$defs/schemas' },
        additionalProperties: { $ref: '#/$defs/schema' },
        items: { anyOf: [{ $ref: '#/$defs/schema' }, { $ref: '#/$defs/list' }] },
        prefixItems: { $ref: '#/$defs/list' },
        anyOf: { $ref: '#/$defs/list' },
        oneOf: { $ref: '#/$defs/list' },
        allOf: { $ref: '#/$defs/list' },
        not: { $ref: '#/$defs/schema' },
        required: { type: 'array', items: { type: 'string' } },
        enum: { type: 'array' },
        pattern: { type: 'string', format: 'regex' },
        $ref: { type: 'string' },
      },
    },
    schemas: { type: 'object', additionalProperties: { $ref: '#/$defs/schema' } },
    list: { type: 'array', items: { $ref: '#/$defs/schema' }, minItems: 1 },
    type: { enum: ['object', 'array', 'string', 'number', 'integer', 'boolean', 'null'] },
  },
}
