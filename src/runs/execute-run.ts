import type { AgentTools } from '../agent/agent-tools.ts'
import type { AgentFinished } from '../agent/events.ts'
import type { AgentLimits } from '../agent/limits.ts'
import { runAgent } from '../agent/loop.ts'
import type { BlockRef, ChainSession } from '../chain/chain-session.ts'
import type { JsonFormat, Message, ToolDefinition } from '../messages.ts'
import type { ToolSet } from '../tools/tool-set.ts'
import { type KeptTurns, keepTurn, restoreTurns } from './kept-turn.ts'
import type { Prompts } from './prompts.ts'
import type { ExecuteRun, RunOrder, RunTrace } from './run.ts'

export type ExecuteRunDeps = {
  tools: ToolSet
  /** @param blocks - where to read the chains they are of; others are read at their newest. */
  openChainSession(blocks: readonly BlockRef[]): ChainSession
  keptTurns: KeptTurns
  prompts: Prompts
  limits: AgentLimits
}

const REORG_CHECK_MS = 2_000

/** A run in place: one view of each chain from its first read to the check at its end. */
export function createExecuteRun({ tools, openChainSession, keptTurns, prompts, limits }: ExecuteRunDeps): ExecuteRun {
  return async function* executeRun(order, signal, journal) {
    const restored = await restoreTurns(keptTurns, { ...order, nowMs: Date.now() })
    const session = openChainSession([...restored.blocks, ...(journal?.blocks ?? [])])
    const ownTools = toAgentTools(tools, order, session)
    const startedAtMs = new Map<string, number>()
    const toolCalls: RunTrace['toolCalls'][number][] = []
    const handedOver: string[] = []
    let steps = 0
    let isEstimated = false
    let backend = order.model.backend
    const messages = withSystemPrompt(
      [
        order.serverTools ? prompts.system : '',
        order.format === undefined ? '' : toFormatPrompt(prompts, order.format),
      ],
      restored.messages,
    )
    const events = runAgent({
      ...order,
      model: journal?.model(order.model) ?? order.model,
      tools: journal?.tools(ownTools, session) ?? ownTools,
      messages,
      readsAlong: order.stream,
      limits: { ...limits, runTimeoutMs: order.runTimeoutMs ?? limits.runTimeoutMs },
      prompts,
      recordedSteps: journal?.recordedSteps,
      signal,
    })
    for await (const event of events) {
      if (event.type === 'finished') {
        const reorgs = await findReorgs(session, signal)
        if (reorgs.length > 0 && order.format === undefined && event.reason !== 'tool_calls') {
          yield { type: 'text', text: `\n\n${toReorgNote(reorgs)}` }
        }
        const added = event.messages.slice(messages.length)
        if (handedOver.length > 0 && added.length > 1) {
          await keepTurn(keptTurns, {
            caller: order.caller,
            callIds: handedOver,
            messages: added,
            blocks: session.blocks(),
            nowMs: Date.now(),
          })
        }
        const { reason, usage } = event
        yield { type: 'completed', reason, usage, ...(isEstimated && { isEstimated }), trace: toTrace(event, reorgs) }
        return
      }
      if (event.type === 'step_started') steps = event.step
      if (event.type === 'step_finished') {
        backend = event.backend ?? backend
        isEstimated ||= event.isEstimated === true
      }
      if (event.type === 'client_call') handedOver.push(event.call.id)
      if (event.type === 'tool_started') startedAtMs.set(event.call.id, performance.now())
      if (event.type === 'tool_finished') {
        const { call, result } = event
        const measuredMs = Math.round(performance.now() - (startedAtMs.get(call.id) ?? performance.now()))
        const durationMs = journal?.durationMs(call.id) ?? measuredMs
        toolCalls.push({ call, ok: result.ok, summary: result.ok ? result.summary : result.reason, durationMs })
      }
      yield event
    }

    function toTrace({ limit }: AgentFinished, reorgs: readonly BlockRef[]): RunTrace {
      return {
        runId: order.id,
        backend,
        steps,
        limit,
        toolCalls,
        blocks: session.blocks(),
        reorgs,
        evidence: journal?.evidence(session) ?? session.evidence(),
      }
    }
  }
}

function toAgentTools(
  tools: ToolSet,
  { serverTools, allowedTools }: Pick<RunOrder, 'serverTools' | 'allowedTools'>,
  session: ChainSession,
): AgentTools {
  return {
    definitions: offeredTools(tools.definitions, { serverTools, allowedTools }),
    run: (call, signal) => tools.run(call, session.scope, signal),
  }
}

/** Those that a run offers its model. */
export function offeredTools(
  definitions: readonly ToolDefinition[],
  { serverTools, allowedTools }: Pick<RunOrder, 'serverTools' | 'allowedTools'>,
): readonly ToolDefinition[] {
  if (!serverTools) return []
  return allowedTools === undefined ? definitions : definitions.filter(({ name }) => allowedTools.includes(name))
}

/** Ours stand first and do not change, so that backends can reuse them from caller to caller. */
function withSystemPrompt(prompts: readonly string[], messages: readonly Message[]): readonly Message[] {
  const [first, ...rest] = messages
  const [own, others] = first?.role === 'system' ? [first.text, rest] : ['', messages]
  const text = [...prompts, own].filter((prompt) => prompt !== '').join('\n\n')
  // A conversation may be nothing but an empty system message: one without any messages means something else to backends.
  return text === '' && others.length > 0 ? others : [{ role: 'system', text }, ...others]
}

function toFormatPrompt({ jsonFormat }: Prompts, { schema, description }: JsonFormat): string {
  const about = description === undefined ? '' : ` It is: ${description}`
  return schema === undefined
    ? `${jsonFormat} It is an object.${about}`
    : `${jsonFormat} It fits this JSON Schema:${about}\n${JSON.stringify(schema)}`
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
