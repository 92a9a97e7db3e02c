import { findMismatch } from '../check-json.ts'
import type { ClientTool, ToolCall } from '../messages.ts'
import { parseArguments } from '../tools/parse-arguments.ts'

/**
 * A call fit to be handed to the caller: its arguments are the JSON text of an object and, where the tool is strict, fit its
 * schema. Otherwise what is wrong, for the model.
 */
export function checkClientCall(call: ToolCall, tool: ClientTool): { call: ToolCall } | { fault: string } {
  const args = parseArguments(call.argumentsText)
  if (args === undefined) return { fault: 'The arguments are not a JSON object.' }
  const mismatch = tool.strict ? findMismatch(tool.parameters, args) : undefined
  if (mismatch !== undefined) return { fault: `The arguments do not fit: ${mismatch}` }
  return { call: isObjectText(call.argumentsText) ? call : { ...call, argumentsText: JSON.stringify(args) } }
}

/** Whether any caller can parse it. */
export function isObjectText(text: string): boolean {
  try {
    return text.trimStart().startsWith('{') && JSON.parse(text) !== null
  } catch {
    return false
  }
}
