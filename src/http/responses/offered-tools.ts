import { hash } from 'node:crypto'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool } from '../../messages.ts'
import { createToolCheck, type ToolCheckContext, type ToolPaths, toObjectSchema } from '../check-tool.ts'
import { type ParamPath, parseRequest, toList, toParam, toShown } from '../parse-request.ts'
import { refuseOtherForm } from '../refuse-other-form.ts'
import { ToolName } from '../tool-name.ts'

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

/**
 * Functions, functions in namespaces and free-text (`custom`) tools are offered. What OpenAI would run itself is refused,
 * except for that which coding agents send with every request: beside tools of their own it is left out.
 * @throws {@link BadRequestError} on the first tool that is wrong.
 */
export function parseTools(raw: readonly unknown[], context: ToolCheckContext): OfferedTools {
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
  if (offered.length > MAX_TOOLS) parseRequest(z.array(z.unknown()).max(MAX_TOOLS), offered, ['tools'])
  const check = createToolCheck(context)
  for (const { tool, paths } of offered) check(tool, paths)
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

type OfferedTool = { tool: ClientTool; caller: CallersTool; paths: ToolPaths }

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

const CHAT_TOOL = {
  lacks: 'name',
  has: 'function',
  hint: 'Here a tool holds its name itself; \'function\': {"name": …} is the form of POST /v1/chat/completions.',
}

const ToolKind = z.object({ type: z.string() })

/** `strict` is on unless it is turned off, as at OpenAI. */
export const FunctionTool = z.looseObject({
  type: z.literal('function'),
  name: ToolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
})

export const NamespaceTool = z.looseObject({
  type: z.literal('namespace'),
  name: ToolName,
  description: z.string().nullish(),
  tools: z.array(z.unknown()).max(MAX_TOOLS),
})

/** Takes plain text instead of JSON. A grammar cannot be enforced here, so it is shown to the model. */
export const CustomTool = z.looseObject({
  type: z.literal('custom'),
  name: ToolName,
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
  refuseOtherForm(value, CHAT_TOOL, path)
  const { name, description, parameters, strict } = parseRequest(FunctionTool, value, path)
  const tool: ClientTool = {
    name: toToolName(namespace, name),
    description: description ?? '',
    parameters: toObjectSchema(parameters ?? {}),
    strict: strict ?? true,
  }
  const caller: CallersTool = { kind: 'function', name, ...(namespace !== undefined && { namespace }) }
  return { tool, caller, paths: { namePath: [...path, 'name'], schemaPath: [...path, 'parameters'] } }
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
  return { tool, caller, paths: { namePath: [...path, 'name'], schemaPath: path } }
}

function notRunHere(type: string, path: ParamPath): BadRequestError {
  const param = toParam([...path, 'type'])
  return new BadRequestError(
    `Unsupported value: '${param}' does not support '${toShown(type)}' with this model. Supported values are: ${toList(['function', 'namespace', 'custom'])}.`,
    { param, code: 'unsupported_value' },
  )
}
