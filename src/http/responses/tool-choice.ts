import { z } from 'zod'
import type { ToolChoice } from '../../messages.ts'
import { parseRequest } from '../parse-request.ts'
import { choiceKind, parseToolChoice } from '../parse-tool-choice.ts'
import { type CallersTool, toToolName } from './offered-tools.ts'

/** `tool_choice` of the tools of `callers`, which are kept by the names that the model calls. */
export function toToolChoice(raw: unknown, callers: ReadonlyMap<string, CallersTool>): ToolChoice {
  return parseToolChoice(raw, [...callers.keys()], (choice) => {
    parseRequest(ChoiceKind, choice, ['tool_choice'])
    const { name, namespace } = parseRequest(NamedChoice, choice, ['tool_choice'])
    return toToolName(namespace ?? undefined, name)
  })
}

const ChoiceKind = choiceKind(['function', 'custom'], 'a tool by its name')

export const NamedChoice = z.object({ name: z.string().max(128), namespace: z.string().max(128).nullish() })
