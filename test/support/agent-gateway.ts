import { expect } from 'vitest'
import { DEFAULT_LIMITS } from '../../src/agent/limits.ts'
import type { ToolCall } from '../../src/messages.ts'
import type { Model } from '../../src/models/model.ts'
import { createExecuteRun } from '../../src/runs/execute-run.ts'
import { loadPrompts } from '../../src/runs/prompts.ts'
import { type HttpGateway, startHttp, toModels } from './http-gateway.ts'
import { memoryKeep } from './memory-keep.ts'

/** A server tool that needs no chain. */
export const GAS_PRICE = {
  name: 'gas_price',
  description: 'Gas price of a chain.',
  parameters: { type: 'object', properties: { chain: { type: 'string' } } },
}
export const GAS_RESULT = 'Gas on base costs 7 gwei.'

export type AgentGateway = HttpGateway & {
  /** Calls of the server tool, in order. */
  ran: ToolCall[]
}

/** The whole way of a question, from HTTP through the loop to `model`, with one server tool. */
export async function startAgentGateway(model: Model, { bodyLimitBytes = 10_000_000 } = {}): Promise<AgentGateway> {
  const ran: ToolCall[] = []
  const executeRun = createExecuteRun({
    tools: {
      definitions: [GAS_PRICE],
      async run(call) {
        ran.push(call)
        return { ok: true, text: GAS_RESULT, summary: GAS_RESULT, output: {}, blocks: [] }
      },
    },
    openChainSession: () => ({
      scope: () => expect.unreachable('no tool here reads a chain'),
      evidence: () => [],
      blocks: () => [],
      findReorgs: async () => [],
    }),
    keptTurns: memoryKeep(),
    prompts: await loadPrompts('prompts'),
    limits: DEFAULT_LIMITS,
  })
  const gateway = await startHttp(executeRun, {
    models: toModels([{ id: 'operator', model }]),
    serverToolNames: [GAS_PRICE.name],
    settings: { bodyLimitBytes },
  })
  return { ...gateway, ran }
}
