import { BackendError } from '../errors.ts'
import type { FinishReason, ToolCall, Usage } from '../messages.ts'
import { estimatePromptTokens, estimateTokens } from '../models/estimate-tokens.ts'
import type { Model } from '../models/model.ts'
import { countTokens } from './count-tokens.ts'
import type { AgentEvent } from './events.ts'
import { createHoldBack } from './hold-back.ts'
import type { StepPlan } from './plan-step.ts'
import { createVisibleText } from './visible-text.ts'

export type ReplyInput = {
  model: Model
  plan: StepPlan
  /** A text this long is taken for an answer: from then on it may be ended by the plan's limits. */
  answerTokens: number
  /** Tells text that may leave. */
  release(text: string): Iterable<AgentEvent>
  /** Hears what the call has used so far, should it break. */
  onUsed(usage: Usage): void
  signal: AbortSignal
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
  /** It was ended before the backend had counted. */
  isEstimated?: boolean | undefined
  /** The one that answered, where the model has several. */
  backend?: string | undefined
}

/** One model call. Tells the text that is part of the answer as far as it may leave; returns the whole reply. */
export async function* streamReply(input: ReplyInput): AsyncGenerator<AgentEvent, Reply> {
  const { model, plan, answerTokens, release, onUsed, signal } = input
  const { visible: limits, holdBackTokens, ...request } = plan
  const visible = createVisibleText(limits)
  const hold = createHoldBack(holdBackTokens)
  const readsAlong = holdBackTokens !== Number.POSITIVE_INFINITY
  const toolCalls: ToolCall[] = []
  let text = ''
  let writtenTokens = 0
  let textTokens = 0
  const toReply = (end: Pick<Reply, 'reason' | 'usage' | 'isEstimated' | 'backend'>): Reply => ({
    text,
    held: hold.release() + visible.end(),
    toolCalls,
    ...end,
  })
  const used = (): Usage => ({
    promptTokens: estimatePromptTokens(request.messages, request.tools),
    completionTokens: writtenTokens,
  })
  try {
    // Where the text is counted as it comes, it has to come in pieces.
    const whole = !readsAlong && limits.maxTokens === undefined
    for await (const event of model.stream({ ...request, whole, signal })) {
      switch (event.type) {
        case 'text':
          text += event.text
          textTokens += countTokens(event.text)
          writtenTokens += toUsed(event.text)
          // After a call the step is no answer, so what still comes stays inside.
          if (toolCalls.length === 0) yield* release(hold.push(visible.push(event.text)))
          break
        case 'tool_call':
          writtenTokens += toUsed(event.call.argumentsText)
          toolCalls.push(event.call)
          break
        case 'reasoning':
          writtenTokens += toUsed(event.text)
          break
        case 'finished':
          return toReply({
            reason: visible.endedBy() ?? (event.reason === 'tool_calls' ? 'stop' : event.reason),
            usage: event.usage,
            backend: event.backend,
          })
        default:
          event satisfies never
      }
      // A stop sequence may stand before a call as well: who does not read along can wait and see.
      const ended = visible.endedBy()
      const isOver = ended === 'length' || (ended === 'stop' && readsAlong)
      if (isOver && toolCalls.length === 0 && textTokens >= answerTokens) {
        return toReply({ reason: ended, usage: used(), isEstimated: true })
      }
    }
  } catch (error) {
    if (writtenTokens > 0) onUsed(used())
    throw error
  }
  throw new BackendError(`The model '${model.id}' stopped in the middle of its answer.`, { kind: 'failed' })
}

/** Most pieces are one token each; what comes many at once can only be estimated. */
const toUsed = (piece: string) => (piece.length <= LONGEST_TOKEN ? 1 : estimateTokens(piece))
const LONGEST_TOKEN = 16
