import { BackendError, BadRequestError, ContextLengthError } from '../errors.ts'
import {
  addUsage,
  type ClientTool,
  type JsonFormat,
  type Message,
  NO_USAGE,
  type ToolChoice,
  type Usage,
} from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'
import type { ToolResult } from '../tools/tool.ts'
import type { AgentTools } from './agent-tools.ts'
import { answerCalls } from './answer-calls.ts'
import type { CallHistory } from './call-tools.ts'
import type { AgentEvent, AgentFinished, AgentLimit } from './events.ts'
import { readJsonAnswer } from './json-answer.ts'
import type { AgentLimits } from './limits.ts'
import { type AgentPrompts, createStepPlanner, type StepKind } from './plan-step.ts'
import { type RunClock, startRunClock } from './run-clock.ts'
import { shortenResults } from './shorten-results.ts'
import { type Reply, streamReply } from './stream-reply.ts'

export type LoopInput = {
  model: Model
  /** Run here; the caller never hears of their calls. */
  tools: AgentTools
  /** Run by the caller: a call of one of them ends the run. */
  clientTools: readonly ClientTool[]
  /** Of `clientTools`. */
  toolChoice: ToolChoice
  parallelToolCalls: boolean
  format: JsonFormat | undefined
  /** At most one system message, first. */
  messages: readonly Message[]
  params: ModelParams
  /** Whether the caller reads along: text then leaves as soon as it is known to be the answer. */
  readsAlong: boolean
  limits: AgentLimits
  prompts: AgentPrompts
  signal: AbortSignal
}

/**
 * Runs a model and its tools in steps until it answers, or calls a tool of the caller's.
 * A limit ends the run with an answer: one last step without tools, or what the tools found.
 * @throws what the model throws; the signal's reason when the caller left; a `timeout` {@link BackendError} when
 * time ran out before there was anything to tell; a `failed` one where the model did not write the JSON, or make the call,
 * that was asked for; {@link BadRequestError} where `maxTokens` cut the JSON.
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
  const { model, tools, limits, format, prompts } = input
  const planner = createStepPlanner({ ...input, serverTools: tools.definitions, holdBackTokens: limits.holdBackTokens })
  const isPlain = !planner.mustCall && format === undefined
  const history: CallHistory = new Map()
  let messages = input.messages
  let aside: readonly Message[] = []
  let usage = NO_USAGE
  let found: readonly ToolResult[] = []
  let repairs = 0
  /** Steps whose answer was not what was asked for. */
  let missed = 0
  let answer = ''
  let stepText = ''
  let limit: AgentLimit | null = null
  let kind: StepKind = firstKind()

  function firstKind(): StepKind {
    if (planner.mustCall && tools.definitions.length === 0) return 'call'
    return format !== undefined && !planner.hasTools ? 'json' : 'open'
  }
  function* release(text: string): Generator<AgentEvent> {
    if (text === '') return
    const leaving = stepText === '' && answer !== '' ? `\n\n${text}` : text
    stepText += text
    answer += leaving
    yield { type: 'text', text: leaving }
  }
  function* finish(reason: AgentFinished['reason']): Generator<AgentEvent> {
    // What left in earlier steps stood before a tool call: it is no answer.
    if (stepText.trim() === '' && reason !== 'tool_calls') yield* release(toFallbackAnswer(found))
    yield { type: 'finished', reason, limit, messages, usage }
  }

  for (let step = 1; ; step++) {
    yield { type: 'step_started', step }
    limit ??= reachedLimit({ step, calls: found.length, repairs, tokens: tokensOf(usage), limits, clock })
    if (limit !== null && kind === 'open') {
      kind = planner.mustCall ? 'call' : format === undefined ? 'last' : 'json'
      aside = [{ role: 'user', text: prompts.jsonAnswer }]
    }
    const { visible, holdBackTokens, ...plan } = planner.plan(kind, messages, aside)
    // Where the text is counted as it comes, it has to come in pieces.
    const whole = holdBackTokens === Number.POSITIVE_INFINITY && visible.maxTokens === undefined
    const request = { ...plan, whole, signal: clock.signal }
    stepText = ''
    let reply: Reply
    try {
      reply = yield* streamReply({
        model,
        request,
        holdBackTokens,
        answerTokens: limits.holdBackTokens,
        stop: visible.stop,
        maxTokens: visible.maxTokens,
        release,
        onUsed: (used) => {
          usage = addUsage(usage, used)
        },
      })
    } catch (error) {
      input.signal.throwIfAborted()
      const shortened = error instanceof ContextLengthError ? shortenResults(messages, error) : null
      if (shortened !== null) {
        messages = shortened
        continue
      }
      if (!clock.expired) throw error
      if (!isPlain || (found.length === 0 && answer === '')) throw toTimeout(model, limits, error)
      limit = 'run_timeout'
      return yield* finish('length')
    }
    usage = addUsage(usage, reply.usage)
    yield { type: 'step_finished', step, usage: reply.usage }

    if (kind === 'last' || (kind === 'open' && isPlain && (reply.toolCalls.length === 0 || !planner.hasTools))) {
      // A model that calls tools in a step that offered none has nothing more to say.
      messages = [...messages, { role: 'assistant', text: reply.text, toolCalls: [] }]
      yield* release(reply.held)
      return yield* finish(reply.reason)
    }
    if (format !== undefined && (kind === 'json' || reply.toolCalls.length === 0)) {
      const read = readJsonAnswer(reply.text, format)
      if ('json' in read) {
        messages = [...messages, { role: 'assistant', text: read.json, toolCalls: [] }]
        yield* release(read.json)
        return yield* finish('stop')
      }
      if (kind === 'json') {
        if (reply.reason === 'length') throw toCutJson()
        if (++missed > 1)
          throw toMissed(model, `did not write JSON that fits the response_format: ${read.fault.replace(/\.$/, '')}`)
      }
      const said: Message[] = reply.text.trim() === '' ? [] : [{ role: 'assistant', text: reply.text, toolCalls: [] }]
      const prompt = kind === 'json' ? prompts.jsonRepair.replaceAll('{fault}', () => read.fault) : prompts.jsonAnswer
      aside = [...said, { role: 'user', text: prompt }]
      kind = 'json'
      continue
    }
    if (reply.toolCalls.length === 0) {
      if (kind === 'call' && ++missed > 1) throw toMissed(model, 'did not make the call that tool_choice asks for')
      kind = 'call'
      continue
    }

    const answered = yield* answerCalls({
      reply,
      tools,
      offered: plan.tools,
      clientTools: planner.clientTools,
      parallelToolCalls: input.parallelToolCalls,
      step,
      parallel: limits.parallelToolCalls,
      allowed: limits.maxToolCalls - found.length,
      history,
      signal: clock.toolSignal,
    })
    input.signal.throwIfAborted()
    messages = [...messages, ...answered.messages]
    found = [...found, ...answered.results]
    if (answered.handedOver.length > 0) {
      if (!planner.mustCall) yield* release(reply.held)
      for (const call of answered.handedOver) yield { type: 'client_call', call }
      return yield* finish('tool_calls')
    }
    repairs = answered.results.every((result) => !result.ok && result.invalidArguments) ? repairs + 1 : 0
    if (kind === 'call' && ++missed > 1) throw toMissed(model, 'did not make the call that tool_choice asks for')
  }
}

const tokensOf = ({ promptTokens, completionTokens }: Usage) => promptTokens + completionTokens

type Progress = {
  step: number
  calls: number
  repairs: number
  tokens: number
  limits: AgentLimits
  clock: RunClock
}

function reachedLimit({ step, calls, repairs, tokens, limits, clock }: Progress): AgentLimit | null {
  if (clock.toolSignal.aborted) return 'run_timeout'
  if (step >= limits.maxSteps) return 'max_steps'
  if (repairs > limits.maxRepairs) return 'max_repairs'
  if (calls >= limits.maxToolCalls) return 'max_tool_calls'
  if (tokens >= limits.maxTotalTokens) return 'max_tokens'
  return null
}

/** An empty answer looks like a hang, so where the model says nothing we tell what its tools found. */
function toFallbackAnswer(found: readonly ToolResult[]): string {
  const summaries = found.flatMap((result) => (result.ok ? [result.summary] : []))
  if (summaries.length > 0) return [...new Set(summaries)].join('\n')
  const reason = found.findLast((result) => !result.ok)?.reason
  if (reason !== undefined) return `I could not find an answer. The last tool said: ${reason}`
  return 'The model gave an empty answer. Please ask again, or put the question in other words.'
}

function toTimeout(model: Model, { runTimeoutMs }: AgentLimits, cause: unknown): BackendError {
  const seconds = Math.round(runTimeoutMs / 1000)
  return new BackendError(`The model '${model.id}' did not answer within ${seconds} s.`, { kind: 'timeout', cause })
}

function toMissed(model: Model, what: string): BackendError {
  return new BackendError(`The model '${model.id}' ${what}.`, { kind: 'failed' })
}

/** OpenAI's wording. */
function toCutJson(): BadRequestError {
  return new BadRequestError(
    'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
    { param: 'max_tokens' },
  )
}
