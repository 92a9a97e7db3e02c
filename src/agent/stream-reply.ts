import { BackendError } from '../errors.ts'
import type { FinishReason, ToolCall, Usage } from '../messages.ts'
import { estimatePromptTokens } from '../models/estimate-tokens.ts'
import type { Model, ModelRequest } from '../models/model.ts'
import { countTokens } from './count-tokens.ts'
import type { AgentEvent } from './events.ts'
import { createHoldBack } from './hold-back.ts'
import { createVisibleText } from './visible-text.ts'

export type ReplyInput = {
  model: Model
  request: ModelRequest
  /** Tokens of text that wait until it is clear whether a call follows; `Infinity` leaves all of it in `Reply.held`. */
  holdBackTokens: number
  /** A text this long is taken for an answer: from then on it may be ended by the limits below. */
  answerTokens: number
  /** Of the visible text: it ends there, and the call with it. */
  stop: readonly string[] | undefined
  maxTokens: number | undefined
  /** Tells text that may leave. */
  release(text: string): Iterable<AgentEvent>
  /** Hears what the call has used so far, should it break. */
  onUsed(usage: Usage): void
}

export type Reply = {
  /** All the model wrote. */
  text: string
  /** Visible text that has not left. */
  held: string
  toolCalls: readonly ToolCall[]
  /** With `length`, the last tool call may have been cut. */
  reason: Exclude<FinishReason, 'tool_calls'>
  usage: Usage
}

/** One model call. Tells the text that is part of the answer as far as it may leave; returns the whole reply. */
export async function* streamReply(input: ReplyInput): AsyncGenerator<AgentEvent, Reply> {
  const { model, request, release, onUsed } = input
  const visible = createVisibleText(input)
  const hold = createHoldBack(input.holdBackTokens)
  const toolCalls: ToolCall[] = []
  let text = ''
  let hiddenTokens = 0
  let textTokens = 0
  const toReply = (end: Pick<Reply, 'reason' | 'usage'>): Reply => ({
    text,
    held: hold.release() + visible.end(),
    toolCalls,
    ...end,
  })
  const used = (): Usage => ({
    promptTokens: estimatePromptTokens(request.messages, request.tools),
    completionTokens: textTokens + hiddenTokens,
  })
  try {
    for await (const event of model.stream(request)) {
      switch (event.type) {
        case 'text':
          text += event.text
          textTokens += countTokens(event.text)
          // After a call the step is no answer, so what still comes stays inside.
          if (toolCalls.length === 0) yield* release(hold.push(visible.push(event.text)))
          break
        case 'tool_call':
          hiddenTokens += countTokens(event.call.argumentsText)
          toolCalls.push(event.call)
          break
        case 'reasoning':
          hiddenTokens += countTokens(event.text)
          break
        case 'finished':
          return toReply({
            reason: visible.ended ?? (event.reason === 'tool_calls' ? 'stop' : event.reason),
            usage: event.usage,
          })
        default:
          event satisfies never
      }
      if (visible.ended !== null && toolCalls.length === 0 && textTokens >= input.answerTokens) {
        return toReply({ reason: visible.ended, usage: used() })
      }
    }
  } catch (error) {
    if (textTokens + hiddenTokens > 0) onUsed(used())
    throw error
  }
  throw new BackendError(`The model '${model.id}' stopped in the middle of its answer.`, { kind: 'failed' })
}
