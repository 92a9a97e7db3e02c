import type { ToolDefinition } from '../../messages.ts'
import { toFields, type Vocabularies } from './fields.ts'
import type { Plan } from './plan.ts'
import type { ToolReport } from './tool-report.ts'
import { describeWrongAddress } from './wrong-address.ts'

/** The answer to a user whose questions were looked up: the tools' own sentences, what failed, and the blocks they were read at. */
export function toAnswer(reports: readonly ToolReport[], { calls, unmatched }: Plan, maxCalls: number): string {
  const lines = reports.map(({ ok, text, toolName }) =>
    ok
      ? text || `${toolName} answered with nothing.`
      : closed(`I could not get an answer from ${toolName}: ${text || 'it gave no reason'}`),
  )
  const omitted = calls.length - maxCalls
  return [
    ...lines,
    ...toNotes(reports),
    ...toBlocks(reports),
    ...(omitted > 0 ? [`I looked up the first ${maxCalls} only; ${omitted} more were asked.`] : []),
    ...unmatched.map(toUnmatchedLine),
    ...(unmatched.length > 0
      ? ['(This is the rehearsal model: it matches example questions and is no language model.)']
      : []),
  ].join('\n')
}

/** How each introduction begins. */
export const SELF =
  'This is the rehearsal model: it matches questions to the examples its tools declare, and is no language model.'

/** The answer to a user nothing could be looked up for: what this model is, what it can answer, and how to get another. */
export function toIntroduction(
  tools: readonly ToolDefinition[],
  { unmatched }: Pick<Plan, 'unmatched'>,
  vocabularies: Vocabularies,
): string {
  const asks = tools.flatMap((tool) => toAsk(tool, vocabularies) ?? [])
  return [
    SELF,
    ...unmatched.map(toUnmatchedLine),
    ...(asks.length > 0
      ? ['Ask it, for example:', ...asks.map((ask) => `- ${ask}`)]
      : [tools.length === 0 ? NO_TOOLS : NO_EXAMPLES]),
    'For a real model, install Ollama, run `ollama pull qwen3:8b`, and set OPERATOR_MODEL=ollama:qwen3:8b.',
  ].join('\n')
}

const NO_TOOLS = 'No tools are offered to it here, so there is nothing it can look up.'
const NO_EXAMPLES = 'The tools that are offered to it here declare no examples, so there is nothing it can match.'

const MAX_QUOTE = 160

function toUnmatchedLine({ question, missing }: Plan['unmatched'][number]): string {
  const wrong = describeWrongAddress(question)
  if (wrong !== undefined) return wrong
  const quoted = `“${question.length > MAX_QUOTE ? `${question.slice(0, MAX_QUOTE)}…` : question}”`
  return missing.length > 0 ? `To answer ${quoted} I need: ${missing.join(', ')}.` : `I could not match ${quoted}.`
}

function toNotes(reports: readonly ToolReport[]): string[] {
  const byTool = new Map<string, string>()
  for (const { toolName, ok, notes } of reports) {
    const note = notes[0]
    if (ok && note !== undefined && note !== '' && !byTool.has(toolName)) byTool.set(toolName, note)
  }
  return [...new Set(byTool.values())].map((note) => closed(`Note: ${note}`))
}

function toBlocks(reports: readonly ToolReport[]): string[] {
  const blocks = reports.flatMap((report) => report.blocks)
  const phrases = blocks.map(
    ({ chain, number, time }) => `${chain} block ${number}${time === undefined ? '' : ` (${time})`}`,
  )
  return phrases.length === 0 ? [] : [`Read at ${[...new Set(phrases)].join(', ')}.`]
}

function closed(sentence: string): string {
  return /[.!?…]$/.test(sentence) ? sentence : `${sentence}.`
}

/** A tool's first example with values in its slots. */
function toAsk({ examples = [], parameters }: ToolDefinition, vocabularies: Vocabularies): string | undefined {
  const ask = examples[0]?.ask
  if (ask === undefined) return undefined
  const asksForName = /\bname\b/i.test(ask.replaceAll(SLOT, ''))
  const samples = new Map(
    toFields(parameters, vocabularies).map(({ name, sample, kinds }) => [
      name,
      asksForName && kinds.has('address') ? SAMPLE_ADDRESS : sample,
    ]),
  )
  return ask.replaceAll(SLOT, (slot, name: string) => samples.get(name) ?? slot)
}

const SLOT = /\{([A-Za-z_]\w*)\}/g
/** vitalik.eth's. */
const SAMPLE_ADDRESS = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
