import type { BaseMessage } from '@langchain/core/messages'
import { addUsage, NO_USAGE, type ToolCall, type ToolDefinition, type Usage } from '../messages.ts'
import { type AnswerPart, createAnswerText } from './answer-text.ts'
import { BackendFailure } from './backend-failure.ts'
import { estimatePromptTokens, estimateTokens } from './estimate-tokens.ts'
import type { ModelEvent, ModelRequest } from './model.ts'
import type { OfferedTools } from './parse-text-tool-calls.ts'
import { readChatChunk } from './read-chat-chunk.ts'
import { toChatMessages } from './to-chat-messages.ts'
import { type BackendAdvice, toModelError } from './to-model-error.ts'
import { createToolCallFragments } from './tool-call-fragments.ts'
import { createToolCallIds } from './tool-call-id.ts'
import { watchStream } from './watch-stream.ts'

/** Opens the stream of a LangChain chat model that is made for this one call: some abort all their requests at once. */
export type OpenChat = (call: ChatCall) => Promise<AsyncIterable<unknown>>

export type ChatCall = { messages: BaseMessage[]; tools: ChatTool[]; signal: AbortSignal }

export type ChatTool = {
  type: 'function'
  function: { name: string; description: string; parameters: Record<string, unknown> }
}

export type ChatSettings = {
  /** Public id of the model, for errors. */
  modelId: string
  /** Undefined where nothing here knows. */
  contextTokens?: number
  firstTokenTimeoutMs: number
  idleTimeoutMs: number
  advice: BackendAdvice
  /** The chat template opens a thought that only `</think>` ends. */
  thoughtOpened?: boolean
  /** See {@link toChatMessages}. */
  exactNumbers?: boolean
}

/**
 * One call to a LangChain chat model in our own words: the quirks of the providers end here.
 * @throws what {@link Model.stream} throws.
 */
export async function* streamChat(
  open: OpenChat,
  request: ModelRequest,
  settings: ChatSettings,
): AsyncGenerator<ModelEvent, void> {
  const { messages, tools, signal } = request
  signal.throwIfAborted()
  // A signal of its own: a long-lived one would keep every listener that a client library adds and forgets.
  const controller = new AbortController()
  const abort = () => controller.abort(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    const call = {
      messages: toChatMessages(messages, settings),
      tools: tools.map(toChatTool),
      signal: controller.signal,
    }
    const { firstTokenTimeoutMs, idleTimeoutMs } = settings
    const chunks = watchStream(() => open(call), { controller, firstTokenTimeoutMs, idleTimeoutMs })
    yield* toEvents(chunks, request, settings.thoughtOpened ?? false)
  } catch (error) {
    signal.throwIfAborted()
    throw toModelError(error, { ...settings, promptTokens: estimatePromptTokens(messages, tools) })
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

async function* toEvents(
  chunks: AsyncIterable<unknown>,
  { messages, tools, format }: ModelRequest,
  thoughtOpened: boolean,
): AsyncGenerator<ModelEvent, void> {
  const earlierCalls = messages.flatMap((message) => (message.role === 'assistant' ? message.toolCalls : []))
  // A model that has called tools may write another call when it is offered none any more; that is no answer either.
  // JSON that was asked for is one, whatever it looks like.
  const offered: OfferedTools = new Map(format === undefined ? [...earlierCalls, ...tools].map(toOffered) : [])
  const fragments = createToolCallFragments()
  const toId = createToolCallIds(earlierCalls.map(({ id }) => id))
  let answer = createAnswerText({ offered, thoughtOpened })
  let finish: ReturnType<typeof readChatChunk>['finish']
  let reported = NO_USAGE
  let written = ''
  let calls = 0

  const toEvent = (part: AnswerPart): ModelEvent => {
    if (part.type !== 'call') return part
    calls++
    return { type: 'tool_call', call: { id: toId(undefined), ...part.call } }
  }

  for await (const chunk of chunks) {
    const { text, reasoning, fragments: found, finish: end, usage } = readChatChunk(chunk)
    if (reasoning !== '') {
      // Thoughts that come apart from the text do not come within it too.
      if (written === '') answer = createAnswerText({ offered, thoughtOpened: false })
      yield { type: 'reasoning', text: reasoning }
    }
    if (text !== '') for (const part of answer.push(text)) yield toEvent(part)
    for (const fragment of found) {
      fragments.add(fragment)
      written += fragment.args ?? ''
    }
    written += reasoning + text
    finish = end ?? finish
    if (usage !== undefined) reported = addUsage(reported, usage)
  }
  if (finish === undefined) throw new BackendFailure('broken')

  yield* answer.end().map(toEvent)
  for (const { id, ...call } of fragments.end()) {
    calls++
    yield { type: 'tool_call', call: { id: toId(id), ...call } }
  }
  const counted = isBelievable(reported) ? reported : NO_USAGE
  const usage: Usage = {
    ...counted,
    // Backends leave counts out, or say 0 for a prompt they had in their cache.
    promptTokens: counted.promptTokens || estimatePromptTokens(messages, tools),
    completionTokens: counted.completionTokens || estimateTokens(written),
  }
  // Backends say `stop` for an answer with calls; `length` tells that the last of them was cut.
  yield { type: 'finished', reason: calls > 0 && finish !== 'length' ? 'tool_calls' : finish, usage }
}

/** Callers pay by these counts, and the store has room for so much. */
const isBelievable = (usage: Usage) => Object.values(usage).every((tokens) => tokens <= MOST_TOKENS)
/** No model reads or writes that many in one call. */
const MOST_TOKENS = 100_000_000

const toOffered = (tool: ToolCall | ToolDefinition) =>
  [tool.name, 'parameters' in tool ? tool.parameters : undefined] as const

function toChatTool({ name, description, parameters }: ToolDefinition): ChatTool {
  return { type: 'function', function: { name, description, parameters } }
}
