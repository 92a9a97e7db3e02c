import { BackendError } from '../errors.ts'
import type { FinishReason, Message, ToolCall, ToolDefinition, Usage } from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'
import type { AgentEvent } from './events.ts'
import { createHoldBack } from './hold-back.ts'

export type ReplyInput = {
  model: Model
  messages: readonly Message[]
  tools: readonly ToolDefinition[]
  params: ModelParams
  holdBackTokens: number
  /** Put before the first text that leaves, to set it apart from text of an earlier step. */
  separator: string
  /** Hears each text as it leaves, so that it is known even when the call breaks. */
  onReleased(text: string): void
  signal: AbortSignal
}

export type Reply = {
  /** All the model wrote. */
  text: string
  toolCalls: readonly ToolCall[]
  /** Whether it also thought. */
  thought: boolean
  /** With `length`, the last tool call may have been cut. */
  reason: Exclude<FinishReason, 'tool_calls'>
  usage: Usage
}

/** One model call. Tells the text that is part of the answer; returns the whole reply. */
export async function* streamReply(input: ReplyInput): AsyncGenerator<AgentEvent, Reply> {
  const { model, messages, tools, params, signal } = input
  const hold = createHoldBack(input.holdBackTokens)
  const toolCalls: ToolCall[] = []
  let text = ''
  let thought = false
  let separator = input.separator
  const release = function* (piece: string): Generator<AgentEvent> {
    if (piece === '') return
    const leaving = separator + piece
    separator = ''
    input.onReleased(leaving)
    yield { type: 'text', text: leaving }
  }
  for await (const event of model.stream({ messages, tools, params, signal })) {
    switch (event.type) {
      case 'text':
        text += event.text
        // After a call the step is no answer, so what still comes stays inside.
        if (toolCalls.length === 0) yield* release(hold.push(event.text))
        break
      case 'tool_call':
        toolCalls.push(event.call)
        break
      case 'reasoning':
        thought = true
        break
      case 'finished': {
        if (toolCalls.length === 0) yield* release(hold.release())
        const reason = event.reason === 'tool_calls' ? 'stop' : event.reason
        return { text, toolCalls, thought, reason, usage: event.usage }
      }
      default:
        event satisfies never
    }
  }
  throw new BackendError(`The model '${model.id}' stopped in the middle of its answer.`, { kind: 'failed' })
}
