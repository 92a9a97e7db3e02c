import { z } from 'zod'
import type { ClientTool, ToolChoice } from '../../messages.ts'
import { parseRequest } from '../parse-request.ts'
import { choiceKind, parseToolChoice } from '../parse-tool-choice.ts'

/** `tool_choice` of `tools`. */
export function toToolChoice(raw: unknown, tools: readonly ClientTool[]): ToolChoice {
  const names = tools.map(({ name }) => name)
  return parseToolChoice(raw, names, (choice) => {
    parseRequest(ChoiceKind, choice, ['tool_choice'])
    return parseRequest(NamedChoice, choice, ['tool_choice']).function.name
  })
}

const ChoiceKind = choiceKind(['function'], 'a function by its name')

export const NamedChoice = z.object({ type: z.literal('function'), function: z.object({ name: z.string() }) })
