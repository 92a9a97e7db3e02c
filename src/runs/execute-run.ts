import type { AgentTools } from '../agent/agent-tools.ts'
import type { AgentFinished } from '../agent/events.ts'
import type { AgentLimits } from '../agent/limits.ts'
import { runAgent } from '../agent/loop.ts'
import type { BlockRef, ChainSession } from '../chain/chain-session.ts'
import type { Message } from '../messages.ts'
import type { ToolSet } from '../tools/tool-set.ts'
import type { Prompts } from './prompts.ts'
import type { ExecuteRun, RunTrace } from './run.ts'

export type ExecuteRunDeps = {
  tools: ToolSet
  openChainSession(): ChainSession
  prompts: Prompts
  limits: AgentLimits
}

const REORG_CHECK_MS = 2_000

/** A run in place: one view of each chain from its first read to the check at its end. */
export function createExecuteRun({ tools, openChainSession, prompts, limits }: ExecuteRunDeps): ExecuteRun {
  return async function* executeRun(order, signal) {
    const session = openChainSession()
    const startedAtMs = new Map<string, number>()
    const toolCalls: RunTrace['toolCalls'][number][] = []
    let steps = 0
    const events = runAgent({
      model: order.model,
      tools: toAgentTools(tools, session),
      messages: withSystemPrompt(prompts.system, order.messages),
      params: order.params,
      limits: order.stream ? limits : { ...limits, holdBackTokens: Number.POSITIVE_INFINITY },
      lastStepPrompt: prompts.lastStep,
      signal,
    })
    for await (const event of events) {
      if (event.type === 'finished') {
        const reorgs = await findReorgs(session, signal)
        if (reorgs.length > 0) yield { type: 'text', text: `\n\n${toReorgNote(reorgs)}` }
        yield { type: 'completed', reason: event.reason, usage: event.usage, trace: toTrace(event, reorgs) }
        return
      }
      if (event.type === 'step_started') steps = event.step
      if (event.type === 'tool_started') startedAtMs.set(event.call.id, performance.now())
      if (event.type === 'tool_finished') {
        const { call, result } = event
        const durationMs = Math.round(performance.now() - (startedAtMs.get(call.id) ?? performance.now()))
        toolCalls.push({ call, ok: result.ok, summary: result.ok ? result.summary : result.reason, durationMs })
      }
      yield event
    }

    function toTrace({ limit }: AgentFinished, reorgs: readonly BlockRef[]): RunTrace {
      return {
        runId: order.id,
        backend: order.model.backend,
        steps,
        limit,
        toolCalls,
        blocks: session.blocks(),
        reorgs,
        evidence: session.evidence(),
      }
    }
  }
}

function toAgentTools(tools: ToolSet, session: ChainSession): AgentTools {
  return {
    definitions: tools.definitions,
    run: (call, signal) => tools.run(call, session.scope, signal),
  }
}

/** Ours stands first and never changes, so that backends can reuse it from caller to caller. */
function withSystemPrompt(prompt: string, messages: readonly Message[]): readonly Message[] {
  const [first, ...rest] = messages
  if (first?.role !== 'system') return [{ role: 'system', text: prompt }, ...messages]
  return [{ role: 'system', text: `${prompt}\n\n${first.text}` }, ...rest]
}

/** A check that cannot be made does not spoil an answer that has been given. */
async function findReorgs(session: ChainSession, signal: AbortSignal): Promise<readonly BlockRef[]> {
  if (session.blocks().length === 0) return []
  return session.findReorgs(AbortSignal.any([signal, AbortSignal.timeout(REORG_CHECK_MS)])).catch(() => [])
}

function toReorgNote(reorgs: readonly BlockRef[]): string {
  const blocks = reorgs.map(({ chain, number }) => `${chain} block ${number}`).join(' and ')
  return `Note: ${blocks} was replaced by another while this was being answered, so the figures may have changed. Please ask again.`
}
