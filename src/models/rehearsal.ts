import { createHash } from 'node:crypto'
import type { Message, ToolDefinition, ToolMessage, Usage } from '../messages.ts'
import { createPromptEstimate } from './estimate-tokens.ts'
import type { Model, ModelEvent, ModelRequest } from './model.ts'
import { SELF, toAnswer, toIntroduction } from './rehearsal/answer.ts'
import type { Vocabularies } from './rehearsal/fields.ts'
import { forcedTool } from './rehearsal/forced-tool.ts'
import { answerHiddenCall } from './rehearsal/hidden-call.ts'
import { toJsonAnswer } from './rehearsal/json-answer.ts'
import { createPhraseBook, type PhraseBook } from './rehearsal/phrase-book.ts'
import { type Plan, plan } from './rehearsal/plan.ts'
import { parseToolReport } from './rehearsal/tool-report.ts'

export type RehearsalOptions = {
  /** Words that mean a value, by the JSON Schema `format` of the fields they fill: `{ chain: { arb → arbitrum } }`. */
  words?: Vocabularies
}

/**
 * A deterministic stand-in for a language model, with no weights: it matches questions to the examples that the offered tools
 * declare, calls those tools, and answers with the tools' own summaries. A word of an answer counts as one token; prompts are
 * estimated as those of other models are, so that a figure does not depend on who counts.
 */
export function createRehearsal({ words = {} }: RehearsalOptions = {}): Model {
  const bookOf = createBookShelf(words)
  const estimatePromptTokens = createPromptEstimate()
  return {
    id: 'rehearsal',
    backend: 'rehearsal',
    contextTokens: 131_072,
    async *stream(request) {
      request.signal.throwIfAborted()
      const reply = toReply(request, words, bookOf)
      const promptTokens = estimatePromptTokens(request.messages, request.tools)
      yield* reply.type === 'calls'
        ? call(reply.calls, request, promptTokens)
        : speak(reply.text, request, promptTokens)
    },
    check: async () => ({ status: 'ok' }),
  }
}

type Reply = { type: 'calls'; calls: readonly WantedCall[] } | { type: 'text'; text: string }

type WantedCall = { name: string; args: Readonly<Record<string, unknown>> }

function toReply(request: ModelRequest, words: Vocabularies, bookOf: BookShelf): Reply {
  const { messages, tools, format } = request
  const forced = forcedTool(request)
  if (forced !== undefined) return { type: 'calls', calls: [{ name: forced.name, args: {} }] }
  const hidden = tools.length === 0 ? answerHiddenCall(messages, words) : undefined
  // JSON that the prompt has asked for is JSON already.
  if (hidden?.startsWith('{')) return { type: 'text', text: hidden }

  // A caller's own tools declare no examples; beside them, questions are matched as without.
  const known = tools.filter(({ examples = [] }) => examples.length > 0)
  const asked = messages.flatMap((message) => (message.role === 'user' ? [message.text] : []))
  // Where no tools are offered, nothing can be said of which questions they would not have matched.
  const planned = tools.length > 0 ? plan(asked, bookOf(known)) : NO_PLAN
  const reports = toolMessagesOf(messages, tools).map(parseToolReport)
  const fromCaller = reports.filter(({ quoted, toolName }) => quoted && !known.some(({ name }) => name === toolName))
  if (fromCaller.length === reports.length && planned.calls.length > 0) {
    return { type: 'calls', calls: planned.calls.map(({ tool, args }) => ({ name: tool.definition.name, args })) }
  }

  // What no example is near to may be just what a tool of the caller was for.
  const told = fromCaller.length > 0 ? { ...planned, unmatched: [] } : planned
  const text =
    reports.length > 0 ? toAnswer(reports, told, MAX_CALLS) : (hidden ?? toIntroduction(tools, planned, words))
  return { type: 'text', text: format === undefined ? text : toJsonAnswer(draftOf(messages) ?? text, format) }
}

/** What it has said already, where a word of the user behind it only asks for that as JSON. */
function draftOf(messages: readonly Message[]): string | undefined {
  const [before, said, asked] = messages.slice(-3)
  if (asked?.role !== 'user' || said?.role !== 'assistant') return undefined
  return before?.role === 'tool' || said.text.startsWith(SELF) ? said.text : undefined
}

const MAX_CALLS = 8

const NO_PLAN: Plan = { calls: [], unmatched: [] }

type BookShelf = (tools: readonly ToolDefinition[]) => PhraseBook

/** Phrase books take a while to make, and one request after the other offers the same tools. */
function createBookShelf(words: Vocabularies): BookShelf {
  let latest: { tools: readonly ToolDefinition[]; book: PhraseBook } | undefined
  return (tools) => {
    const isSame = latest?.tools.length === tools.length && tools.every((tool, at) => tool === latest?.tools[at])
    if (latest === undefined || !isSame) latest = { tools, book: createPhraseBook(tools, words) }
    return latest.book
  }
}

/** Answers to calls of this turn. Where no tools are offered any more, a word of the user behind them only asks for the answer. */
function toolMessagesOf(messages: readonly Message[], tools: readonly ToolDefinition[]): ToolMessage[] {
  const isReminder = tools.length === 0 && messages.at(-1)?.role === 'user' && messages.at(-2)?.role === 'tool'
  const turns = isReminder ? messages.slice(0, -1) : messages
  const lastAsked = turns.findLastIndex(({ role }) => role === 'user')
  return turns.slice(lastAsked + 1).filter((message) => message.role === 'tool')
}

async function* call(
  calls: readonly WantedCall[],
  { messages, signal }: ModelRequest,
  promptTokens: number,
): AsyncGenerator<ModelEvent> {
  let completionTokens = 0
  const conversation = digest(messages.map(({ text }) => text))
  for (const [index, { name, args }] of calls.slice(0, MAX_CALLS).entries()) {
    signal.throwIfAborted()
    const argumentsText = JSON.stringify(args)
    completionTokens += 1 + countWords(argumentsText)
    // The same for the same conversation, and different for every call in it.
    const id = `call_${digest([conversation, String(index), name, argumentsText]).slice(0, 24)}`
    yield { type: 'tool_call', call: { id, name, argumentsText } }
  }
  const usage: Usage = { promptTokens, completionTokens }
  yield { type: 'finished', reason: 'tool_calls', usage }
}

function digest(texts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const text of texts) hash.update(`${text.length}:`).update(text)
  return hash.digest('hex')
}

async function* speak(
  answer: string,
  { params: { maxTokens, stop = [] }, signal }: ModelRequest,
  promptTokens: number,
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
