import { createHash } from 'node:crypto'
import type { Message, ToolCall, ToolDefinition, ToolMessage, Usage } from '../messages.ts'
import type { Model, ModelEvent, ModelParams } from './model.ts'
import { toAnswer, toIntroduction } from './rehearsal/answer.ts'
import type { Vocabularies } from './rehearsal/fields.ts'
import { createPhraseBook, type PhraseBook } from './rehearsal/phrase-book.ts'
import { type Plan, plan } from './rehearsal/plan.ts'
import { parseToolReport } from './rehearsal/tool-report.ts'

export type RehearsalOptions = {
  /** Words that mean a value, by the JSON Schema `format` of the fields they fill: `{ chain: { arb → arbitrum } }`. */
  words?: Vocabularies
}

/**
 * A deterministic stand-in for a language model, with no weights: it matches questions to the examples that the offered tools
 * declare, calls those tools, and answers with the tools' own summaries. A word counts as one token.
 */
export function createRehearsal({ words = {} }: RehearsalOptions = {}): Model {
  const books = new WeakMap<readonly ToolDefinition[], PhraseBook>()
  const bookOf = (tools: readonly ToolDefinition[]) => {
    const book = books.get(tools) ?? createPhraseBook(tools, words)
    books.set(tools, book)
    return book
  }
  return {
    id: 'rehearsal',
    backend: 'rehearsal',
    contextTokens: 131_072,
    async *stream({ messages, tools, params, signal }) {
      signal.throwIfAborted()
      const asked = messages.flatMap((message) => (message.role === 'user' ? [message.text] : []))
      // Where no tools are offered, nothing can be said of which questions they would not have matched.
      const planned = tools.length > 0 ? plan(asked, bookOf(tools)) : { calls: [], unmatched: [] }
      const reports = toolMessagesOf(messages, tools).map(parseToolReport)
      const promptTokens = messages.reduce((total, { text }) => total + countWords(text), 0)
      if (reports.length > 0) yield* speak(toAnswer(reports, planned, MAX_CALLS), promptTokens, params, signal)
      else if (planned.calls.length > 0) yield* call(planned, messages.length, promptTokens, signal)
      else yield* speak(toIntroduction(tools, planned, words), promptTokens, params, signal)
    },
    check: async () => ({ status: 'ok' }),
  }
}

const MAX_CALLS = 8

/** Answers to calls of this turn. Where no tools are offered any more, the last word of the user only asks for the answer. */
function toolMessagesOf(messages: readonly Message[], tools: readonly ToolDefinition[]): ToolMessage[] {
  const lastAsked = tools.length === 0 ? -1 : messages.findLastIndex(({ role }) => role === 'user')
  return messages.slice(lastAsked + 1).filter((message) => message.role === 'tool')
}

async function* call(
  { calls }: Plan,
  step: number,
  promptTokens: number,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  let completionTokens = 0
  for (const [index, { tool, args }] of calls.slice(0, MAX_CALLS).entries()) {
    signal.throwIfAborted()
    const argumentsText = JSON.stringify(args)
    const { name } = tool.definition
    completionTokens += 1 + countWords(argumentsText)
    yield { type: 'tool_call', call: { id: toCallId(step, index, name, argumentsText), name, argumentsText } }
  }
  yield { type: 'finished', reason: 'tool_calls', usage: { promptTokens, completionTokens } }
}

/** The same for the same conversation, and different for every call in it. */
function toCallId(step: number, index: number, name: string, argumentsText: string): ToolCall['id'] {
  const digest = createHash('sha256').update(`${step}:${index}:${name}:${argumentsText}`).digest('hex')
  return `call_${digest.slice(0, 24)}`
}

async function* speak(
  answer: string,
  promptTokens: number,
  { maxTokens, stop = [] }: ModelParams,
  signal: AbortSignal,
): AsyncGenerator<ModelEvent> {
  const words = beforeStop(answer, stop).match(/\s*\S+/g) ?? []
  const said = words.slice(0, maxTokens ?? words.length)
  for (const text of said) {
    signal.throwIfAborted()
    yield { type: 'text', text }
  }
  const usage: Usage = { promptTokens, completionTokens: said.length }
  yield { type: 'finished', reason: said.length < words.length ? 'length' : 'stop', usage }
}

function beforeStop(answer: string, stop: readonly string[]): string {
  const ends = stop.filter((text) => text !== '').map((text) => answer.indexOf(text))
  return answer.slice(0, Math.min(answer.length, ...ends.filter((end) => end >= 0)))
}

/** Counted by hand: a message may be megabytes, and a list of its words would be many times that. */
function countWords(text: string): number {
  let words = 0
  let inWord = false
  for (let at = 0; at < text.length; at++) {
    const isSpace = text.charCodeAt(at) <= 32
    if (!isSpace && !inWord) words++
    inWord = !isSpace
  }
  return words
}
