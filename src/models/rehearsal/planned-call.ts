import type { Match } from './match.ts'
import type { ToolPhrases } from './phrase-book.ts'

export type PlannedCall = { tool: ToolPhrases; args: Readonly<Record<string, unknown>> }

/** The calls a match means: one, or one for each value where a field takes one value and the question names several. */
export function toCalls({ tool, call, values }: Pick<Match, 'tool' | 'call' | 'values'>): PlannedCall[] {
  const start: PlannedCall[] = [
    { tool, args: Object.fromEntries(Object.entries(call).filter(([name]) => !values.has(name))) },
  ]
  return tool.fields.reduce((calls, field) => {
    const found = [...new Set(values.get(field.name) ?? [])]
    if (found.length === 0) return calls
    const choices = field.list === 'always' || (field.list === 'either' && found.length > 1) ? [found] : found
    return calls
      .flatMap(({ args }) => choices.map((value) => ({ tool, args: { ...args, [field.name]: value } })))
      .slice(0, MAX_FAN_OUT)
  }, start)
}

export function sameCall(a: PlannedCall, b: PlannedCall): boolean {
  return a.tool === b.tool && JSON.stringify(a.args) === JSON.stringify(b.args)
}

const MAX_FAN_OUT = 32
