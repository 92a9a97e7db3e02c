import { BadRequestError } from '../errors.ts'
import type { ClientTool, JsonSchema } from '../messages.ts'
import { type ParamPath, toParam } from './parse-request.ts'
import type { FindSchemaFault } from './schema-faults.ts'

export type ToolCheckContext = {
  /** Names of the gateway's own tools that are offered beside the caller's. */
  takenNames: readonly string[]
  findSchemaFault: FindSchemaFault
}

/** Where in the request's body a tool says its name and its parameters. */
export type ToolPaths = { namePath: ParamPath; schemaPath: ParamPath }

/** @throws {@link BadRequestError} where the tool is wrong. */
export type CheckTool = (tool: ClientTool, paths: ToolPaths) => void

/**
 * Checks one tool of a request after another. Each has a name of its own: one that hides a tool of the gateway could make
 * up what the chain says.
 */
export function createToolCheck({ takenNames, findSchemaFault }: ToolCheckContext): CheckTool {
  const seen = new Set<string>()
  const startedAtMs = performance.now()
  return ({ name, parameters }, { namePath, schemaPath }) => {
    if (seen.has(name)) throw wrongName(namePath, `'${name}' is given twice. Each tool needs a name of its own.`)
    if (takenNames.includes(name)) {
      throw wrongName(
        namePath,
        `'${name}' is a tool of this gateway. Rename yours, or turn the gateway's off with the header 'x-groundwire-tools: off'.`,
      )
    }
    seen.add(name)
    if (performance.now() - startedAtMs > MAX_CHECK_MS) {
      throw wrongSchema(['tools'], "Invalid 'tools': their schemas take too long to check.")
    }
    const fault = findRootFault(parameters) ?? findSchemaFault(parameters)
    if (fault !== undefined) throw wrongSchema(schemaPath, `Invalid schema for function '${name}': ${fault}`)
  }
}

/** One schema is given up after a while; a hundred that come near it would still hold up everybody. */
const MAX_CHECK_MS = 1_000

/** No parameters, and a schema that leaves out what can only be `object`, are common. */
export function toObjectSchema(parameters: JsonSchema): JsonSchema {
  if (Object.keys(parameters).length === 0) return { type: 'object', properties: {} }
  return parameters.type == null ? { ...parameters, type: 'object' } : parameters
}

function findRootFault({ type }: JsonSchema): string | undefined {
  if (type === 'object') return undefined
  return `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type).slice(0, 64)}'.`
}

function wrongSchema(path: ParamPath, message: string): BadRequestError {
  return new BadRequestError(message, { param: toParam(path), code: 'invalid_function_parameters' })
}

function wrongName(path: ParamPath, complaint: string): BadRequestError {
  const param = toParam(path)
  return new BadRequestError(`Invalid value for '${param}': ${complaint}`, { param, code: 'invalid_value' })
}
