import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool, JsonSchema } from '../../messages.ts'
import { type ParamPath, parseRequest, toParam, unsupported } from '../parse-request.ts'
import type { FindSchemaFault } from '../schema-faults.ts'

export type ClientToolsContext = {
  /** Names of the gateway's own tools that are offered beside the caller's. */
  takenNames: readonly string[]
  findSchemaFault: FindSchemaFault
}

/**
 * The caller's tools, each with a name of its own: one that hides a tool of the gateway could make up what the chain says.
 * @throws {@link BadRequestError} on the first that is wrong.
 */
export function toClientTools(
  raw: readonly unknown[],
  { takenNames, findSchemaFault }: ClientToolsContext,
): ClientTool[] {
  const seen = new Set<string>()
  const startedAtMs = performance.now()
  return raw.map((value, index) => {
    const path = ['tools', index]
    parseRequest(ToolKind, value, path)
    const { name, description, parameters, strict } = parseRequest(FunctionTool, value, path).function
    const namePath = [...path, 'function', 'name']
    if (seen.has(name)) throw wrongName(namePath, `'${name}' is given twice. Each tool needs a name of its own.`)
    if (takenNames.includes(name)) {
      throw wrongName(
        namePath,
        `'${name}' is a tool of this gateway. Rename yours, or turn the gateway's off with the header 'x-groundwire-tools: off'.`,
      )
    }
    seen.add(name)
    if (performance.now() - startedAtMs > MAX_CHECK_MS) throw tooSlow()
    const schema = toObjectSchema(parameters ?? {})
    const fault = findRootFault(schema) ?? findSchemaFault(schema)
    if (fault !== undefined) {
      throw new BadRequestError(`Invalid schema for function '${name}': ${fault}`, {
        param: toParam([...path, 'function', 'parameters']),
        code: 'invalid_function_parameters',
      })
    }
    return { name, description: description ?? '', parameters: schema, strict: strict ?? false }
  })
}

/** One schema is given up after a while; this many that come near it would still hold up everybody. */
const MAX_CHECK_MS = 2_000

/** What OpenAI takes as the name of a tool or a format. */
export const ToolName = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[a-zA-Z0-9_-]+$/)

const ToolKind = z.object({
  type: z.string().refine(
    (type) => type === 'function',
    unsupported(
      'unsupported_value',
      ({ input }) => `Unsupported value: tools of type '${String(input).slice(0, 64)}'. Only 'function' is supported.`,
    ),
  ),
})

export const FunctionTool = z.object({
  type: z.literal('function'),
  function: z.object({
    name: ToolName,
    description: z.string().nullish(),
    parameters: z.record(z.string(), z.unknown()).nullish(),
    strict: z.boolean().nullish(),
  }),
})

/** No parameters, and a schema that leaves out what can only be `object`, are common. */
function toObjectSchema(parameters: JsonSchema): JsonSchema {
  if (Object.keys(parameters).length === 0) return { type: 'object', properties: {} }
  return parameters.type == null ? { ...parameters, type: 'object' } : parameters
}

function findRootFault({ type }: JsonSchema): string | undefined {
  if (type === 'object') return undefined
  return `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type).slice(0, 64)}'.`
}

function tooSlow(): BadRequestError {
  return new BadRequestError("Invalid 'tools': their schemas take too long to check.", {
    param: 'tools',
    code: 'invalid_function_parameters',
  })
}

function wrongName(path: ParamPath, complaint: string): BadRequestError {
  const param = toParam(path)
  return new BadRequestError(`Invalid value for '${param}': ${complaint}`, { param, code: 'invalid_value' })
}
