import { hash } from 'node:crypto'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool, JsonSchema } from '../../messages.ts'
import { type ParamPath, parseRequest, toList, toParam, toShown } from '../parse-request.ts'
import type { FindSchemaFault } from '../schema-faults.ts'

/** The caller's tools: as the model sees them, and as the caller knows them. */
export type OfferedTools = {
  tools: readonly ClientTool[]
  /** By the name that the model calls. */
  callers: ReadonlyMap<string, CallersTool>
  /** As the reply tells them. */
  wire: readonly object[]
  /** Types that were offered and that no model here can use. */
  leftOut: readonly string[]
}

export type CallersTool = { kind: 'function' | 'custom'; name: string; namespace?: string }

export type OfferedToolsContext = {
  /** Names of the gateway's own tools that are offered beside the caller's. */
  takenNames: readonly string[]
  findSchemaFault: FindSchemaFault
}

/**
 * Functions, functions in namespaces and free-text (`custom`) tools are offered. What OpenAI would run itself is refused,
 * except for that which coding agents send with every request: beside tools of their own it is left out.
 * @throws {@link BadRequestError} on the first tool that is wrong.
 */
export function parseTools(raw: readonly unknown[], context: OfferedToolsContext): OfferedTools {
  const offered: OfferedTool[] = []
  const wire: object[] = []
  const spare: { type: string; path: ParamPath }[] = []
  raw.forEach((value, index) => {
    const path = ['tools', index]
    const { type } = parseRequest(ToolKind, value, path)
    if (SPARE.has(type)) {
      spare.push({ type, path })
      return
    }
    const parsed = parseTool(type, value, path)
    offered.push(...parsed.tools)
    wire.push(parsed.wire)
  })
  const [first] = spare
  if (first !== undefined && offered.length === 0) throw notRunHere(first.type, first.path)
  checkTools(offered, context)
  return {
    tools: offered.map(({ tool }) => tool),
    callers: new Map(offered.map(({ tool, caller }) => [tool.name, caller])),
    wire,
    leftOut: [...new Set(spare.map(({ type }) => type))],
  }
}

/** The one name that a function in a namespace has for the model: at most 64 characters, and the same in every request. */
export function toToolName(namespace: string | undefined, name: string): string {
  const whole = namespace === undefined ? name : `${namespace}__${name}`
  return whole.length <= MAX_NAME ? whole : `${whole.slice(0, MAX_NAME - 9)}_${hash('sha256', whole).slice(0, 8)}`
}

/** OpenAI's own limit. */
const MAX_NAME = 64

/** At most this many tools, counted one by one. */
const MAX_TOOLS = 128

type OfferedTool = { tool: ClientTool; caller: CallersTool; namePath: ParamPath; schemaPath: ParamPath }

/** What Codex and its like send unasked, whoever serves them. They go on without it. */
const SPARE = new Set([
  'web_search',
  'web_search_2025_08_26',
  'web_search_preview',
  'web_search_preview_2025_03_11',
  'image_generation',
  'local_shell',
  'tool_search',
])

const name = z
  .string()
  .min(1)
  .max(MAX_NAME)
  .regex(/^[a-zA-Z0-9_-]+$/)

const ToolKind = z.object({ type: z.string() })

/** `strict` is on unless it is turned off, as at OpenAI. */
export const FunctionTool = z.looseObject({
  type: z.literal('function'),
  name,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})

export const NamespaceTool = z.looseObject({
  type: z.literal('namespace'),
  name,
  description: z.string().nullish(),
  tools: z.array(z.unknown()).max(MAX_TOOLS),
})

/** Takes plain text instead of JSON. A grammar cannot be enforced here, so it is shown to the model. */
export const CustomTool = z.looseObject({
  type: z.literal('custom'),
  name,
  description: z.string().nullish(),
  format: z.looseObject({ type: z.string(), definition: z.string().nullish() }).nullish(),
})

function parseTool(type: string, value: unknown, path: ParamPath): { tools: OfferedTool[]; wire: object } {
  switch (type) {
    case 'function': {
      const tool = toFunction(value, path)
      const { description, parameters, strict } = tool.tool
      return { tools: [tool], wire: { type, name: tool.caller.name, description, parameters, strict } }
    }
    case 'custom': {
      const custom = parseRequest(CustomTool, value, path)
      return { tools: [toCustom(custom, path)], wire: custom }
    }
    case 'namespace': {
      const namespace = parseRequest(NamespaceTool, value, path)
      const tools = namespace.tools.map((inner, index) => {
        const innerPath = [...path, 'tools', index]
        const kind = parseRequest(ToolKind, inner, innerPath).type
        if (kind === 'function') return toFunction(inner, innerPath, namespace.name)
        if (kind === 'custom') return toCustom(parseRequest(CustomTool, inner, innerPath), innerPath, namespace.name)
        throw notRunHere(kind, innerPath)
      })
      return { tools, wire: namespace }
    }
    default:
      throw notRunHere(type, path)
  }
}

function toFunction(value: unknown, path: ParamPath, namespace?: string): OfferedTool {
  const { name, description, parameters, strict } = parseRequest(FunctionTool, value, path)
  const tool: ClientTool = {
    name: toToolName(namespace, name),
    description: description ?? '',
    parameters: toObjectSchema(parameters ?? {}),
    strict: strict ?? true,
  }
  const caller: CallersTool = { kind: 'function', name, ...(namespace !== undefined && { namespace }) }
  return { tool, caller, namePath: [...path, 'name'], schemaPath: [...path, 'parameters'] }
}

function toCustom(custom: z.output<typeof CustomTool>, path: ParamPath, namespace?: string): OfferedTool {
  const { name, description, format } = custom
  const grammar = format?.definition ? `\n\nThe input must follow this grammar:\n${format.definition}` : ''
  const tool: ClientTool = {
    name: toToolName(namespace, name),
    description: `${description ?? ''}${grammar}`,
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: 'The whole input, as plain text.' } },
      required: ['input'],
      additionalProperties: false,
    },
    strict: true,
  }
  const caller: CallersTool = { kind: 'custom', name, ...(namespace !== undefined && { namespace }) }
  return { tool, caller, namePath: [...path, 'name'], schemaPath: path }
}

/** No parameters, and a schema that leaves out what can only be `object`, are common. */
function toObjectSchema(parameters: JsonSchema): JsonSchema {
  if (Object.keys(parameters).length === 0) return { type: 'object', properties: {} }
  return parameters.type == null ? { ...parameters, type: 'object' } : parameters
}

function checkTools(offered: readonly OfferedTool[], { takenNames, findSchemaFault }: OfferedToolsContext): void {
  if (offered.length > MAX_TOOLS) parseRequest(z.array(z.unknown()).max(MAX_TOOLS), offered, ['tools'])
  const seen = new Set<string>()
  const startedAtMs = performance.now()
  for (const { tool, namePath, schemaPath } of offered) {
    if (seen.has(tool.name)) {
      throw wrongName(namePath, `'${tool.name}' is given twice. Each tool needs a name of its own.`)
    }
    if (takenNames.includes(tool.name)) {
      throw wrongName(
        namePath,
        `'${tool.name}' is a tool of this gateway. Rename yours, or turn the gateway's off with the header 'x-groundwire-tools: off'.`,
      )
    }
    seen.add(tool.name)
    if (performance.now() - startedAtMs > MAX_CHECK_MS) {
      throw wrongSchema("Invalid 'tools': their schemas take too long to check.", ['tools'])
    }
    const fault = findRootFault(tool.parameters) ?? findSchemaFault(tool.parameters)
    if (fault !== undefined) throw wrongSchema(`Invalid schema for function '${tool.name}': ${fault}`, schemaPath)
  }
}

/** One schema is given up after a while; this many that come near it would still hold up everybody. */
const MAX_CHECK_MS = 1_000

function findRootFault({ type }: JsonSchema): string | undefined {
  if (type === 'object') return undefined
  return `schema must be a JSON Schema of 'type: "object"', got 'type: ${JSON.stringify(type).slice(0, 64)}'.`
}

function wrongSchema(message: string, path: ParamPath): BadRequestError {
  return new BadRequestError(message, { param: toParam(path), code: 'invalid_function_parameters' })
}

function wrongName(path: ParamPath, complaint: string): BadRequestError {
  const param = toParam(path)
  return new BadRequestError(`Invalid value for '${param}': ${complaint}`, { param, code: 'invalid_value' })
}

function notRunHere(type: string, path: ParamPath): BadRequestError {
  const param = toParam([...path, 'type'])
  return new BadRequestError(
    `Unsupported value: '${param}' does not support '${toShown(type)}' with this model. Supported values are: ${toList(['function', 'namespace', 'custom'])}.`,
    { param, code: 'unsupported_value' },
  )
}
