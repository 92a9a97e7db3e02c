import { BackendError, ContextLengthError } from '../errors.ts'
import { addUsage, type Message, NO_USAGE, type ToolCall, type Usage } from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'
import type { ToolResult } from '../tools/tool.ts'
import type { AgentTools } from './agent-tools.ts'
import { type CallHistory, callTools } from './call-tools.ts'
import type { AgentEvent, AgentFinished, AgentLimit } from './events.ts'
import type { AgentLimits } from './limits.ts'
import { type RunClock, startRunClock } from './run-clock.ts'
import { type Reply, streamReply } from './stream-reply.ts'

export type LoopInput = {
  model: Model
  tools: AgentTools
  /** At most one system message, first. */
  messages: readonly Message[]
  params: ModelParams
  limits: AgentLimits
  /** Told to the model before a last step that has no tools. */
  lastStepPrompt: string
  signal: AbortSignal
}

/**
 * Runs a model and its tools in steps until it answers.
 * A limit ends the run with an answer: one last step without tools, or what the tools found.
 * @throws what the model throws; the signal's reason when the caller left; a `timeout` {@link BackendError} when
 * time ran out before there was anything to tell.
 */
export async function* runAgent(input: LoopInput): AsyncGenerator<AgentEvent> {
  const clock = startRunClock(input.limits.runTimeoutMs, input.signal)
  try {
    yield* runSteps(input, clock)
  } finally {
    clock.stop()
  }
}

async function* runSteps(input: LoopInput, clock: RunClock): AsyncGenerator<AgentEvent> {
  const { model, tools, params, limits } = input
  const history: CallHistory = new Map()
  let messages = input.messages
  let usage = NO_USAGE
  let found: readonly ToolResult[] = []
  let repairs = 0
  let uncapped = false
  let answer = ''
  let stepText = ''
  let limit: AgentLimit | null = null

  const finish = function* (reason: AgentFinished['reason']): Generator<AgentEvent> {
    // What left in earlier steps stood before a tool call: it is no answer.
    if (stepText.trim() === '') yield { type: 'text', text: `${answer && '\n\n'}${toFallbackAnswer(found)}` }
    yield { type: 'finished', reason, limit, messages, usage }
  }

  for (let step = 1; ; step++) {
    yield { type: 'step_started', step }
    limit ??= reachedLimit({ step, calls: found.length, repairs, usage, limits, clock })
    const isLast = limit !== null
    stepText = ''
    let reply: Reply
    try {
      reply = yield* streamReply({
        model,
        messages: isLast ? [...messages, { role: 'user', text: input.lastStepPrompt }] : messages,
        tools: isLast ? [] : tools.definitions,
        params: uncapped ? withoutCap(params) : params,
        holdBackTokens: isLast || tools.definitions.length === 0 ? 0 : limits.holdBackTokens,
        separator: answer === '' ? '' : '\n\n',
        onReleased: (text) => {
          answer += text
          stepText += text
        },
        signal: clock.signal,
      })
    } catch (error) {
      input.signal.throwIfAborted()
      const shortened = error instanceof ContextLengthError ? shortenToolResults(messages, found) : null
      if (shortened !== null) {
        messages = shortened
        continue
      }
      if (!clock.expired) throw error
      if (found.length === 0 && answer === '') throw toTimeout(model, limits, error)
      limit = 'run_timeout'
      return yield* finish('length')
    }
    usage = addUsage(usage, reply.usage)
    yield { type: 'step_finished', step, usage: reply.usage }
    uncapped = !isLast && !uncapped && isCutCall(params, reply)
    if (uncapped) continue
    messages = [...messages, { role: 'assistant', text: reply.text, toolCalls: reply.toolCalls }]
    // A model that still calls tools in a step that offered none has nothing more to say.
    if (isLast || reply.toolCalls.length === 0) return yield* finish(reply.reason)

    const results = yield* callTools({
      calls: reply.toolCalls,
      tools,
      step,
      parallel: limits.parallelToolCalls,
      allowed: limits.maxToolCalls - found.length,
      history,
      signal: clock.toolSignal,
    })
    input.signal.throwIfAborted()
    found = [...found, ...results]
    repairs = results.every((result) => !result.ok && result.invalidArguments) ? repairs + 1 : 0
    messages = [...messages, ...results.map((result, index) => toToolMessage(reply.toolCalls[index], result))]
  }
}

/** `max_tokens` is meant for the answer: a step whose tool call it has cut is made again without it. */
function isCutCall({ maxTokens }: ModelParams, { text, toolCalls, thought, reason }: Reply): boolean {
  if (maxTokens === undefined || reason !== 'length') return false
  // Ollama sends nothing of a call that is not whole.
  return toolCalls.length > 0 || (text.trim() === '' && !thought)
}

function withoutCap({ maxTokens: _, ...params }: ModelParams): ModelParams {
  return params
}

type Progress = {
  step: number
  calls: number
  repairs: number
  usage: Usage
  limits: AgentLimits
  clock: RunClock
}

function reachedLimit({ step, calls, repairs, usage, limits, clock }: Progress): AgentLimit | null {
  if (clock.toolSignal.aborted) return 'run_timeout'
  if (step >= limits.maxSteps) return 'max_steps'
  if (repairs > limits.maxRepairs) return 'max_repairs'
  if (calls >= limits.maxToolCalls) return 'max_tool_calls'
  if (usage.promptTokens + usage.completionTokens >= limits.maxTotalTokens) return 'max_tokens'
  return null
}

function toToolMessage(call: ToolCall | undefined, result: ToolResult): Message {
  return { role: 'tool', callId: call?.id ?? '', toolName: call?.name ?? '', text: result.text }
}

/** An empty answer looks like a hang, so where the model says nothing we tell what its tools found. */
function toFallbackAnswer(found: readonly ToolResult[]): string {
  const summaries = found.flatMap((result) => (result.ok ? [result.summary] : []))
  if (summaries.length > 0) return [...new Set(summaries)].join('\n')
  const reason = found.findLast((result) => !result.ok)?.reason
  if (reason !== undefined) return `I could not find an answer. The last tool said: ${reason}`
  return 'The model gave an empty answer. Please ask again, or put the question in other words.'
}

/** The run's tool results cut to their summaries, or null where that has been done already. */
function shortenToolResults(messages: readonly Message[], found: readonly ToolResult[]): readonly Message[] | null {
  const summaryOf = new Map(found.flatMap((result) => (result.ok ? [[result.text, result.summary] as const] : [])))
  let shortened = false
  const cut = messages.map((message): Message => {
    const summary = message.role === 'tool' ? summaryOf.get(message.text) : undefined
    if (message.role !== 'tool' || summary === undefined) return message
    const text = JSON.stringify({ summary })
    if (text.length >= message.text.length) return message
    shortened = true
    return { ...message, text }
  })
  return shortened ? cut : null
}

function toTimeout(model: Model, { runTimeoutMs }: AgentLimits, cause: unknown): BackendError {
  const seconds = Math.round(runTimeoutMs / 1000)
  return new BackendError(`The model '${model.id}' did not answer within ${seconds} s.`, { kind: 'timeout', cause })
}
