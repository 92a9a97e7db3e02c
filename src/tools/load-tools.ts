import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { toJsonSchema } from './json-schema.ts'
import type { Tool } from './tool.ts'
import { TOOL_NAME } from './tool-set.ts'

/** One readable message with every problem of every tool file, fit for a terminal. */
export class ToolFilesError extends Error {
  override readonly name = 'ToolFilesError'
}

/**
 * The tools in `directory`: each file directly in it that ends in .ts, .js or .mjs, save for tests, declarations and names
 * that start with `_` or `.`.
 * @throws {@link ToolFilesError} naming each file that is not a tool, and what to do about it.
 */
export async function loadTools(directory: string): Promise<readonly Tool[]> {
  const files = await listToolFiles(directory)
  const loaded = await Promise.all(files.map((file) => loadTool(directory, file)))
  const problems = [...loaded.flatMap(({ problems }) => problems), ...findDuplicates(loaded)]
  if (problems.length > 0) {
    throw new ToolFilesError(`The tools need a correction:\n${problems.map((line) => `  ${line}`).join('\n')}`)
  }
  return loaded.flatMap(({ tool }) => tool ?? [])
}

type Loaded = { file: string; tool: Tool | undefined; problems: readonly string[] }

async function listToolFiles(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new ToolFilesError(`There is no directory of tools at ${directory}: make it, or set TOOLS_DIR.`, { cause })
  })
  return names.filter((name) => /\.(ts|m?js)$/.test(name) && !/^_|^\.|\.(test|d)\.m?[tj]s$/.test(name)).sort()
}

async function loadTool(directory: string, file: string): Promise<Loaded> {
  try {
    const module: unknown = await import(pathToFileURL(join(directory, file)).href)
    const tool = (module as { default?: unknown }).default
    const problems = findProblems(tool).map((problem) => `${file}: ${problem}`)
    return { file, tool: problems.length === 0 ? (tool as Tool) : undefined, problems }
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return { file, tool: undefined, problems: [`${file}: does not load: ${reason}`] }
  }
}

function findDuplicates(loaded: readonly Loaded[]): string[] {
  const firstFile = new Map<string, string>()
  return loaded.flatMap(({ file, tool }) => {
    if (tool === undefined) return []
    const first = firstFile.get(tool.name)
    if (first !== undefined) return [`${file}: the name '${tool.name}' is taken by ${first}; choose another`]
    firstFile.set(tool.name, file)
    return []
  })
}

const isFilled = (value: unknown): value is string => typeof value === 'string' && value.trim() !== ''

/** In words an author can act on; the schema itself would only say what was expected. */
function findProblems(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return ['needs `export default defineTool({ … })`']
  const tool = value as Partial<Record<keyof Tool, unknown>>
  const problems: string[] = []
  if (typeof tool.name !== 'string' || !TOOL_NAME.test(tool.name)) {
    problems.push(
      '`name` must be lower case letters, digits and _, start with a letter, and have at most 64 characters',
    )
  }
  if (!isFilled(tool.description)) problems.push('`description` must say in a sentence what the tool answers')
  if (typeof tool.execute !== 'function') problems.push('`execute` must be a function')
  if (typeof tool.summary !== 'function') problems.push('`summary` must be a function from the output to a sentence')
  if (tool.notes !== undefined && !(Array.isArray(tool.notes) && tool.notes.every(isFilled))) {
    problems.push('`notes` must be a list of sentences')
  }
  if (tool.timeoutMs !== undefined && !(Number.isInteger(tool.timeoutMs) && Number(tool.timeoutMs) > 0)) {
    problems.push('`timeoutMs` must be a whole number of milliseconds')
  }
  return [...problems, ...findSchemaProblems(tool)]
}

function findSchemaProblems({ input, output, examples }: Partial<Record<keyof Tool, unknown>>): string[] {
  const problems: string[] = []
  if (!isSchema(output)) problems.push('`output` must be a zod schema')
  else problems.push(...tryConversion('output', () => z.toJSONSchema(output, { io: 'output' })))
  if (!isSchema(input) || input._zod.def.type !== 'object') return [...problems, '`input` must be `z.object({ … })`']
  problems.push(...tryConversion('input', () => toJsonSchema(input)))
  const fields = Object.keys((input as unknown as z.ZodObject).shape)
  return [...problems, ...findExampleProblems(examples, fields)]
}

/** A duck test: a tool's file may have its own copy of zod. */
function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value
}

function tryConversion(field: string, convert: () => unknown): string[] {
  try {
    convert()
    return []
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown)
    return [`\`${field}\` has no JSON form: ${reason} (an amount is \`amount\`, a time is unix seconds)`]
  }
}

function findExampleProblems(examples: unknown, fields: readonly string[]): string[] {
  if (!Array.isArray(examples) || examples.length === 0) return ['`examples` must hold at least one question']
  return examples.flatMap((example: { ask?: unknown; call?: object } | null) => {
    if (!isFilled(example?.ask)) return ['each of `examples` needs a question in `ask`']
    const slots = [...example.ask.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '')
    const unknown = [...slots, ...Object.keys(example.call ?? {})].filter((name) => !fields.includes(name))
    return unknown.map((name) => `the example '${example.ask}' names '${name}', which \`input\` does not have`)
  })
}
