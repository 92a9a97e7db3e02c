import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { ClientTool, ToolChoice } from '../../messages.ts'
import { parseRequest, unsupported } from '../parse-request.ts'

/**
 * What the caller wants of its own `tools`; it says nothing of the gateway's.
 * @throws {@link BadRequestError} where it asks for a call that none of them can answer.
 */
export function toToolChoice(raw: unknown, tools: readonly ClientTool[]): ToolChoice {
  if (raw === undefined || raw === null) return 'auto'
  const choice = parseToolChoice(raw)
  if (choice === 'auto' || choice === 'none') return choice
  if (tools.length === 0) throw wrongChoice("'tool_choice' is only allowed when 'tools' are specified.")
  if (choice !== 'required' && !tools.some(({ name }) => name === choice.name)) {
    throw wrongChoice(`the function '${choice.name.slice(0, 64)}' is not among 'tools'.`)
  }
  return choice
}

function parseToolChoice(raw: unknown): ToolChoice {
  if (typeof raw === 'string') return parseRequest(ChoiceWord, raw, ['tool_choice'])
  parseRequest(ChoiceKind, raw, ['tool_choice'])
  return { name: parseRequest(NamedChoice, raw, ['tool_choice']).function.name }
}

export const ChoiceWord = z.enum(['none', 'auto', 'required'])
export const NamedChoice = z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) })

const ChoiceKind = z.object({
  type: z.string().refine(
    (type) => type === 'function',
    unsupported(
      'unsupported_value',
      ({ input }) =>
        `Unsupported value: 'tool_choice' does not support '${String(input).slice(0, 64)}' with this model. Supported are 'none', 'auto', 'required' and a function by its name.`,
    ),
  ),
})

function wrongChoice(complaint: string): BadRequestError {
  return new BadRequestError(`Invalid value for 'tool_choice': ${complaint}`, {
    param: 'tool_choice',
    code: 'invalid_value',
  })
}
