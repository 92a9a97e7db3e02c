import { cleanTexts } from './clean-text.ts'
import { MAX_TEXT_BYTES } from './to-tool-text.ts'
import type { ToolResult } from './tool.ts'

export type FailedResultOptions = {
  invalidArguments?: boolean
  /** Told to the model beside the reason, as JSON. */
  details?: Readonly<Record<string, unknown>>
}

/** A call that failed, as the model hears of it: `{ "error": reason, … }`. */
export function toFailedResult(
  reason: string,
  { invalidArguments = false, details = {} }: FailedResultOptions = {},
): ToolResult {
  return { ok: false, reason, text: toFailureText(reason, details), invalidArguments }
}

/** The answer to a call of a tool that is not among `names`. */
export function toUnknownTool(called: string, names: readonly string[]): ToolResult {
  return toFailedResult(`There is no tool named '${called.slice(0, 64)}'. Tools: ${names.join(', ')}.`, {
    invalidArguments: true,
  })
}

/** The details are an author's own: where they are too long or have no JSON form, the reason goes alone. */
function toFailureText(reason: string, details: Readonly<Record<string, unknown>>): string {
  const bare = JSON.stringify({ error: reason })
  try {
    const whole = JSON.stringify({ error: reason, ...(cleanTexts(details) as object) })
    return Buffer.byteLength(whole) <= MAX_TEXT_BYTES ? whole : bare
  } catch {
    return bare
  }
}
