import type { z } from 'zod'
import type { ChainScope } from '../chain/chain-session.ts'
import type { JsonSchema } from '../messages.ts'
import { resolveAddresses } from './address-field.ts'
import { cleanText, cleanTexts } from './clean-text.ts'
import { toFailedResult } from './failed-result.ts'
import { fitArguments } from './fit-arguments.ts'
import { toJsonSchema } from './json-schema.ts'
import { parseArguments } from './parse-arguments.ts'
import { toReason } from './to-reason.ts'
import { toToolText } from './to-tool-text.ts'
import type { Tool, ToolContext, ToolResult } from './tool.ts'
import { ToolError } from './tool-error.ts'

const DEFAULT_TIMEOUT_MS = 10_000

/** Answers one call of one tool. Never rejects: whatever goes wrong is an answer that says so. */
export type RunTool = (argumentsText: string, openScope: OpenScope, signal: AbortSignal) => Promise<ToolResult>

/** The chain as one call may read it, until the signal fires. */
export type OpenScope = (signal: AbortSignal) => ChainScope

/** Readies `tool` for calls. @throws where its input has no JSON Schema. */
export function createRunTool(tool: Tool): RunTool {
  const schema = toJsonSchema(tool.input)
  return async (argumentsText, openScope, signal) => {
    const args = parseArguments(argumentsText)
    if (args === undefined) return toFailedResult('The arguments are not a JSON object.', { invalidArguments: true })
    const timeoutMs = tool.timeoutMs ?? DEFAULT_TIMEOUT_MS
    const timeout = AbortSignal.timeout(timeoutMs)
    const joined = AbortSignal.any([signal, timeout])
    try {
      const fitted = fitArguments(args, schema)
      const input = await tool.input.safeParseAsync(fitted)
      if (!input.success) {
        return toFailedResult(`The arguments do not fit: ${toComplaints(input.error)}.`, { invalidArguments: true })
      }
      const notes = [...(tool.notes ?? []), ...toUnusedNotes(fitted, schema)]
      return await untilAborted(answer({ ...tool, notes }, input.data, openScope(joined), joined), joined)
    } catch (thrown) {
      if (signal.aborted) return toFailedResult('The question was cancelled.')
      if (timeout.aborted) {
        return toFailedResult(`No answer within ${timeoutMs / 1000} seconds. Say so, or ask for less at once.`)
      }
      return toFailedResult(toReason(thrown), { details: thrown instanceof ToolError ? thrown.details : {} })
    }
  }
}

async function answer(tool: Tool, input: object, scope: ChainScope, signal: AbortSignal): Promise<ToolResult> {
  const resolved = await resolveAddresses(input, (text) => scope.resolveAddress(text))
  const result = await tool.execute(resolved as Record<string, unknown>, toContext(scope, signal))
  const output = await tool.output.safeParseAsync(cleanTexts(result))
  if (!output.success) throw new ToolError(`The tool ${tool.name} gave a result that is not what it promises.`)
  const summary = cleanText(tool.summary(output.data))
  const blocks = scope.blocksRead()
  const text = toToolText({ summary, result: output.data, notes: tool.notes ?? [], blocks })
  return { ok: true, text, summary, output: output.data, blocks }
}

/** A model that asked for more than the tool can do must not take the answer for that. */
function toUnusedNotes(args: object, { properties }: JsonSchema): string[] {
  const unused = Object.keys(args).filter((key) => !Object.hasOwn(properties ?? {}, key))
  if (unused.length === 0) return []
  return [cleanText(`Not among the arguments of this tool, so not used: ${unused.join(', ').slice(0, 200)}.`)]
}

function toContext(scope: ChainScope, signal: AbortSignal): ToolContext {
  return {
    chain: (name) => scope.client(name),
    ethers: (name) => scope.ethers(name),
    block: (name) => scope.block(name),
    resolveAddress: (text) => scope.resolveAddress(text),
    signal,
  }
}

function toComplaints(error: z.ZodError): string {
  const complaints = error.issues.slice(0, 5).map(({ path, message }) => {
    const place = path.map((part) => (typeof part === 'number' ? part + 1 : String(part))).join(' ')
    const complaint = message.endsWith('received undefined') ? 'is missing' : message
    return place === '' ? complaint : `${place}: ${complaint}`
  })
  return cleanText(complaints.join('; ')).slice(0, 500)
}

/** A tool that does not heed its signal must not hold up the run: it is left behind, and what it still throws is nobody's. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
    work.catch(() => {})
  }
}
