import { BackendError, ContextLengthError, GatewayError } from '../errors.ts'
import {
  addUsage,
  type ClientTool,
  type JsonFormat,
  type Message,
  NO_USAGE,
  type ToolChoice,
  type Usage,
} from '../messages.ts'
import { createPromptEstimate } from '../models/estimate-tokens.ts'
import type { Model, ModelParams } from '../models/model.ts'
import type { ToolResult } from '../tools/tool.ts'
import type { AgentTools } from './agent-tools.ts'
import { answerCalls } from './answer-calls.ts'
import type { CallHistory } from './call-tools.ts'
import type { AgentEvent, AgentFinished, AgentLimit } from './events.ts'
import { createJudge } from './judge-reply.ts'
import type { AgentLimits } from './limits.ts'
import { type AgentPrompts, createStepPlanner, type StepKind, type StepPlan } from './plan-step.ts'
import { type RunClock, startRunClock } from './run-clock.ts'
import { shortenResults } from './shorten-results.ts'
import { type Reply, type ReplyInput, streamReply } from './stream-reply.ts'

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
  /** How many model calls are only told again, as an earlier try has made them: no clock changes what they were. */
  recordedSteps?: number | undefined
  /** Whether one more step with a prompt of so many tokens can be paid for. */
  canAfford?: CanAfford | undefined
  signal: AbortSignal
}

export type CanAfford = (step: { promptTokens: number }) => Promise<boolean>

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
  const { model, tools, limits, format, params, prompts } = input
  const { definitions } = tools
  const planner = createStepPlanner({ ...input, serverTools: definitions, holdBackTokens: limits.holdBackTokens })
  const { judge, missCall } = createJudge({ model, planner, format, params, prompts })
  const history: CallHistory = new Map()
  let kind: StepKind = planner.firstKind
  let messages = input.messages
  let aside: readonly Message[] = []
  let usage = NO_USAGE
  let found: readonly ToolResult[] = []
  let repairs = 0
  let answer = ''
  let stepText = ''
  let limit: AgentLimit | null = null

  // No generators: each made within a run has a hidden class of its own, which keeps the whole run until the next full collection.
  const release = (text: string): readonly AgentEvent[] => {
    if (text === '') return []
    const leaving = stepText === '' && answer !== '' ? `\n\n${text}` : text
    stepText += text
    answer += leaving
    return [{ type: 'text', text: leaving }]
  }
  const finish = (reason: AgentFinished['reason'], { isMeantEmpty = false } = {}): readonly AgentEvent[] => {
    // What left in earlier steps stood before a tool call: it is no answer.
    const isMissing = stepText.trim() === '' && reason !== 'tool_calls' && !isMeantEmpty
    const nothing: readonly AgentEvent[] = isMeantEmpty && answer === '' ? [{ type: 'text', text: '' }] : []
    const last = isMissing ? release(toFallbackAnswer(found)) : nothing
    return [...last, { type: 'finished', reason, limit, messages, usage }]
  }
  const shorten = (error: ContextLengthError, attempt: number): boolean => {
    const shortened = stepText === '' ? shortenResults(messages, { error, attempt, serverTools: definitions }) : null
    messages = shortened ?? messages
    return shortened !== null
  }

  for (let step = 1; ; step++) {
    yield { type: 'step_started', step }
    input.signal.throwIfAborted() // who only tells again would not notice
    const isLate = clock.toolSignal.aborted && step > (input.recordedSteps ?? 0)
    limit ??= reachedLimit({ step, calls: found.length, repairs, tokens: tokensOf(usage), limits, isLate })
    if (limit !== null && kind === 'open') {
      kind = planner.lastKind
      aside = [{ role: 'user', text: prompts.jsonAnswer }]
    }
    stepText = ''
    let called: { plan: StepPlan; reply: Reply }
    let used: Usage | undefined
    try {
      called = yield* callModel({
        input,
        isFirst: step === 1,
        toPlan: () => planner.plan(kind, messages, aside),
        shorten,
        release,
        onUsed: (brokenOff) => {
          used = brokenOff
        },
        signal: clock.signal,
      })
    } catch (error) {
      if (used !== undefined) {
        usage = addUsage(usage, used)
        yield { type: 'step_finished', step, usage: used, isEstimated: true }
      }
      input.signal.throwIfAborted()
      const hasFound = found.length > 0 || answer !== ''
      if (error instanceof OutOfCreditsError && planner.isPlain && hasFound) {
        limit = 'max_credits'
        return yield* finish('length')
      }
      if (!clock.isExpired()) throw error
      if (!planner.isPlain || !hasFound) throw toTimeout(model, limits, error)
      limit = 'run_timeout'
      return yield* finish('length')
    }
    const { plan, reply } = called
    usage = addUsage(usage, reply.usage)
    const { isEstimated, backend } = reply
    yield { type: 'step_finished', step, usage: reply.usage, ...(isEstimated && { isEstimated }), backend }

    const verdict = judge(kind, reply)
    if (verdict.type === 'answer') {
      messages = [...messages, { role: 'assistant', text: reply.text, toolCalls: [] }]
      yield* release(verdict.text)
      // A stop sequence at the very start leaves nothing, and that is what the caller has asked for; a backend that was told
      // of it does not even show what came before.
      const mayBeCut = reply.text !== '' || plan.params.stop !== undefined
      const isMeantEmpty = params.stop !== undefined && reply.reason === 'stop' && mayBeCut
      return yield* finish(verdict.reason, { isMeantEmpty })
    }
    if (verdict.type === 'again') {
      kind = verdict.kind
      aside = verdict.aside
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
      // Clients that have asked for JSON parse what stands beside a call as well.
      if (planner.isPlain) yield* release(reply.held)
      for (const call of answered.handedOver) yield { type: 'client_call', call }
      return yield* finish('tool_calls')
    }
    repairs = answered.results.every((result) => !result.ok && result.invalidArguments) ? repairs + 1 : 0
    if (kind === 'call') missCall()
  }
}

type ModelCall = Pick<ReplyInput, 'release' | 'onUsed' | 'signal'> & {
  input: LoopInput
  isFirst: boolean
  toPlan(): StepPlan
  /** Whether there is less to send than there was. */
  shorten(error: ContextLengthError, attempt: number): boolean
}

/** The model call of one step; made again with shorter tool results where they do not fit. */
async function* callModel({
  input,
  isFirst,
  toPlan,
  shorten,
  ...call
}: ModelCall): AsyncGenerator<AgentEvent, { plan: StepPlan; reply: Reply }> {
  const { model, limits, canAfford } = input
  for (let attempt = 1; ; attempt++) {
    const plan = toPlan()
    // The first call of all is held for before the run begins.
    const isPaid = isFirst && attempt === 1
    if (canAfford && !isPaid && !(await canAfford({ promptTokens: estimatePrompt(plan.messages, plan.tools) }))) {
      throw new OutOfCreditsError()
    }
    try {
      return { plan, reply: yield* streamReply({ ...call, model, plan, answerTokens: limits.holdBackTokens }) }
    } catch (error) {
      if (!(error instanceof ContextLengthError) || !shorten(error, attempt)) throw error
    }
  }
}

/** 402: what was held is used up, and there is no more. Where there is an answer, the run ends with that instead. */
class OutOfCreditsError extends GatewayError {
  constructor() {
    super('The credits ran out before there was an answer. Top up the account and ask again.', {
      status: 402,
      code: 'insufficient_credits',
      type: 'insufficient_quota',
    })
  }
}

/** Tools stand in every prompt, and are counted once. */
const estimatePrompt = createPromptEstimate()

const tokensOf = ({ promptTokens, completionTokens }: Usage) => promptTokens + completionTokens

type Progress = {
  step: number
  calls: number
  repairs: number
  tokens: number
  limits: AgentLimits
  isLate: boolean
}

function reachedLimit({ step, calls, repairs, tokens, limits, isLate }: Progress): AgentLimit | null {
  if (isLate) return 'run_timeout'
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
