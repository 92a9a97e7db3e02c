import type { AgentTools } from '../agent/agent-tools.ts'
import type { BlockRef, ChainSession, Evidence } from '../chain/chain-session.ts'
import type { Usage } from '../messages.ts'
import { estimatePromptTokens, estimateTokens } from '../models/estimate-tokens.ts'
import type { JobMemo, Model, ModelEvent, ModelRequest } from '../models/model.ts'
import type { ToolResult } from '../tools/tool.ts'
import { outlastOutage } from './outlast-outage.ts'
import { type ClaimedRun, LostClaimError, type RunFloor } from './run-store.ts'
import type { ToolRecord } from './tool-record.ts'

/**
 * What a run has done already, and where it writes down what it does: a model call or a tool call that is recorded is not
 * made again, whoever runs it. Neither acts on a reply before it is recorded.
 */
export type Journal = {
  /** Blocks that recorded calls have read, in order. */
  readonly blocks: readonly BlockRef[]
  /** Model calls that an earlier try has recorded: the run's first ones. */
  readonly recordedSteps: number
  model(model: Model): Model
  tools(tools: AgentTools, session: Pick<ChainSession, 'evidence'>): AgentTools
  /** How long the call took, whenever it was made; undefined where it was not. */
  durationMs(callId: string): number | undefined
  /** Of all calls, recorded before or made now. */
  evidence(session: Pick<ChainSession, 'evidence'>): readonly Evidence[]
}

type Recorder = Pick<RunFloor, 'recordStep' | 'recordTool' | 'recordJob'>

/**
 * @param signal - ends the tries to write while the store is away.
 * @param fail - stops the run: it cannot be recorded any more.
 */
export function createJournal(
  store: Recorder,
  claimed: ClaimedRun,
  { signal, fail }: { signal: AbortSignal; fail: (reason: unknown) => void },
): Journal {
  const toKey = (step: number, callId: string) => `${step}:${callId}`
  const recorded = new Map(claimed.tools.map((record) => [toKey(record.step, record.callId), record]))
  const durations = new Map(claimed.tools.map(({ callId, durationMs }) => [callId, durationMs]))
  let step = 0 // model calls that were answered, recorded or not
  let taken = 0 // reads of the session that a record has

  async function record(step: number, events: readonly ModelEvent[], usage: Usage): Promise<void> {
    await outlastOutage(() => store.recordStep(claimed, { step, events, usage }), signal)
  }

  async function* ask(model: Model, request: ModelRequest): AsyncGenerator<ModelEvent> {
    const asked = step + 1
    const known = claimed.steps.get(asked)
    if (known !== undefined) {
      step = asked
      yield* known
      return
    }
    const events: ModelEvent[] = []
    let state: 'open' | 'broken' | 'recorded' = 'open'
    try {
      for await (const event of model.stream({ ...request, patient: true, job: toJobMemo(asked) })) {
        if (event.type !== 'reasoning') events.push(event)
        if (event.type === 'finished') {
          await record(asked, events, event.usage)
          step = asked
          state = 'recorded'
        }
        yield event
      }
    } catch (error) {
      state = 'broken'
      throw error
    } finally {
      // The loop has heard enough: what it heard is the reply.
      if (state === 'open' && !request.signal.aborted) {
        await record(asked, events, toUsage(request, events))
        step = asked
      }
    }
  }

  function toJobMemo(step: number): JobMemo {
    return {
      known: claimed.jobs.get(step),
      keep: (job) => outlastOutage(() => store.recordJob(claimed, step, job), signal),
      goesOn: (reason) => reason instanceof LostClaimError,
    }
  }

  async function write(record: ToolRecord): Promise<void> {
    try {
      await outlastOutage(() => store.recordTool(claimed, record), signal)
    } catch (error) {
      fail(error) // a tool never rejects: the run stops by its signal
    }
  }

  return {
    blocks: claimed.tools.flatMap(({ result }) => (result.ok ? result.blocks : [])),
    recordedSteps: claimed.steps.size,
    model: (model) => ({ ...model, stream: (request) => ask(model, request) }),
    tools: (tools, session) => ({
      definitions: tools.definitions,
      async run(call, callSignal): Promise<ToolResult> {
        const key = toKey(step, call.id)
        const known = recorded.get(key)
        if (known !== undefined) return known.result
        const startedAtMs = performance.now()
        const result = await tools.run(call, callSignal)
        const durationMs = Math.round(performance.now() - startedAtMs)
        durations.set(call.id, durationMs)
        if (signal.aborted) return result // broken off, and nobody's
        const evidence = session.evidence().slice(taken)
        taken += evidence.length
        await write({ step, callId: call.id, name: call.name, result, durationMs, evidence })
        return result
      },
    }),
    durationMs: (callId) => durations.get(callId),
    evidence: (session) => [...claimed.tools.flatMap(({ evidence }) => evidence), ...session.evidence()],
  }
}

function toUsage({ messages, tools }: ModelRequest, events: readonly ModelEvent[]): Usage {
  const written = events.map((event) => {
    if (event.type === 'text') return event.text
    return event.type === 'tool_call' ? event.call.argumentsText : ''
  })
  return {
    promptTokens: estimatePromptTokens(messages, tools),
    completionTokens: estimateTokens(written.join('')),
  }
}
