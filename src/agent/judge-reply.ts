import { BackendError, BadRequestError } from '../errors.ts'
import type { JsonFormat, Message } from '../messages.ts'
import type { Model, ModelParams } from '../models/model.ts'
import { readJsonAnswer } from './json-answer.ts'
import type { AgentPrompts, StepKind, StepPlanner } from './plan-step.ts'
import type { Reply } from './stream-reply.ts'

/** What a reply means for the run. */
export type Verdict =
  | { type: 'answer'; text: string; reason: Reply['reason'] }
  /** Not what was asked for: the next step is of this kind, after `aside`. */
  | { type: 'again'; kind: StepKind; aside: readonly Message[] }
  | { type: 'calls' }

export type JudgeOptions = {
  model: Model
  planner: StepPlanner
  format: JsonFormat | undefined
  params: ModelParams
  prompts: AgentPrompts
}

export type Judge = {
  /** @throws {@link BackendError} `failed` where the model has been asked twice; {@link BadRequestError} where its JSON was cut. */
  judge(kind: StepKind, reply: Reply): Verdict
  /** The calls of a step that had to make one were none that can be handed over. @throws as `judge` does. */
  missCall(): void
}

/** Holds the replies of one run against the form that was asked for: text, JSON, or a call. */
export function createJudge({ model, planner, format, params, prompts }: JudgeOptions): Judge {
  let missed = 0

  const missCall = () => {
    if (++missed > 1) throw toFailure(model, 'did not make the call that tool_choice asks for')
  }

  function judgeJson(kind: StepKind, { text, reason, usage }: Reply, { schema }: JsonFormat): Verdict {
    const read = readJsonAnswer(text, { ...(schema && { schema }), wasCut: reason === 'length' })
    const isFinal = kind === 'json'
    if ('json' in read) {
      // Steps that may call tools are not told of the limit.
      if (!isFinal && usage.completionTokens > (params.maxTokens ?? Number.POSITIVE_INFINITY)) throw toCutJson()
      return { type: 'answer', text: read.json, reason: 'stop' }
    }
    if (isFinal) {
      if (reason === 'length') throw toCutJson()
      if (reason === 'content_filter') throw toFailure(model, 'was stopped by its content filter')
      if (++missed > 1) throw toFailure(model, `did not write JSON that fits the response_format. ${read.fault}`)
    }
    const said: Message[] = text.trim() === '' ? [] : [{ role: 'assistant', text, toolCalls: [] }]
    const prompt = isFinal ? prompts.jsonRepair.replaceAll('{fault}', () => read.fault) : prompts.jsonAnswer
    return { type: 'again', kind: 'json', aside: [...said, { role: 'user', text: prompt }] }
  }

  return {
    missCall,
    judge(kind, reply) {
      const hasCalls = reply.toolCalls.length > 0 && planner.hasTools && kind !== 'last' && kind !== 'json'
      if (hasCalls) return { type: 'calls' }
      if (planner.mustCall) {
        if (kind === 'call') missCall()
        return { type: 'again', kind: 'call', aside: [] }
      }
      if (format !== undefined) return judgeJson(kind, reply, format)
      // A model that calls tools in a step that offered none has nothing more to say.
      return { type: 'answer', text: reply.held, reason: reply.reason }
    },
  }
}

function toFailure(model: Model, what: string): BackendError {
  return new BackendError(`The model '${model.id}' ${what.replace(/\.$/, '')}.`, { kind: 'failed' })
}

/** OpenAI's wording. */
function toCutJson(): BadRequestError {
  return new BadRequestError(
    'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
    { param: 'max_tokens' },
  )
}
