import { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import type { ToolChoice } from '../messages.ts'
import { parseRequest, toShown, unsupported } from './parse-request.ts'

/**
 * What the caller wants of its own tools; it says nothing of the gateway's.
 * @param names - of the caller's tools, as the model calls them.
 * @param parseName - which of them a choice that is no word means.
 * @throws {@link BadRequestError} where it asks for a call that none of them can answer.
 */
export function parseToolChoice(
  raw: unknown,
  names: readonly string[],
  parseName: (choice: unknown) => string,
): ToolChoice {
  if (raw === undefined || raw === null) return 'auto'
  const choice = typeof raw === 'string' ? parseRequest(ChoiceWord, raw, ['tool_choice']) : { name: parseName(raw) }
  if (choice === 'auto' || choice === 'none') return choice
  if (names.length === 0) throw wrongChoice("'tool_choice' is only allowed when 'tools' are specified.")
  if (choice !== 'required' && !names.includes(choice.name)) {
    throw wrongChoice(`the function '${toShown(choice.name)}' is not among 'tools'.`)
  }
  return choice
}

export const ChoiceWord = z.enum(['none', 'auto', 'required'])

/** A choice by name, of one of these types; `what` says so to the caller. */
export function choiceKind(types: readonly string[], what: string) {
  return z.object({
    type: z.string().refine(
      (type) => types.includes(type),
      unsupported(
        'unsupported_value',
        ({ input }) =>
          `Unsupported value: 'tool_choice' does not support '${toShown(input)}' with this model. Supported are 'none', 'auto', 'required' and ${what}.`,
      ),
    ),
  })
}

function wrongChoice(complaint: string): BadRequestError {
  return new BadRequestError(`Invalid value for 'tool_choice': ${complaint}`, {
    param: 'tool_choice',
    code: 'invalid_value',
  })
}
