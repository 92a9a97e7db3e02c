import type { OfferedTools } from './parse-text-tool-calls.ts'
import { createTextToolCalls, type TextOrCall } from './text-tool-calls.ts'
import { createThinkTags, type ThoughtOrText } from './think-tags.ts'

export type AnswerPart = TextOrCall | Extract<ThoughtOrText, { type: 'reasoning' }>

export type AnswerText = {
  push(text: string): readonly AnswerPart[]
  end(): readonly AnswerPart[]
}

/** Parts what a model writes into answer, thought and tool calls: thoughts first, as calls may follow them. */
export function createAnswerText({
  offered,
  thoughtOpened,
}: {
  offered: OfferedTools
  thoughtOpened: boolean
}): AnswerText {
  const thoughts = createThinkTags({ opened: thoughtOpened })
  const calls = offered.size === 0 ? undefined : createTextToolCalls(offered)
  const toParts = (found: readonly ThoughtOrText[]): readonly AnswerPart[] => {
    if (calls === undefined) return found
    return found.flatMap((part): AnswerPart[] => (part.type === 'text' ? calls.push(part.text) : [part]))
  }
  return {
    push: (text) => toParts(thoughts.push(text)),
    end: () => [...toParts(thoughts.end()), ...(calls?.end() ?? [])],
  }
}
