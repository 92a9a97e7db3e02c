import type { AgentTools } from '../../src/agent/agent-tools.ts'
import type { AgentEvent } from '../../src/agent/events.ts'
import { type AgentLimits, DEFAULT_LIMITS } from '../../src/agent/limits.ts'
import { type LoopInput, runAgent } from '../../src/agent/loop.ts'
import type { AgentPrompts } from '../../src/agent/plan-step.ts'
import type { Message, ToolCall, ToolDefinition } from '../../src/messages.ts'
import type { Model, ModelEvent, ModelRequest } from '../../src/models/model.ts'
import type { ToolResult } from '../../src/tools/tool.ts'

export type ScriptedModel = Model & { requests: ModelRequest[] }

export function createModel(stream: (request: ModelRequest) => AsyncIterable<ModelEvent>): ScriptedModel {
  const requests: ModelRequest[] = []
  return {
    id: 'operator',
    backend: 'scripted',
    contextTokens: 1_000,
    requests,
    stream(request) {
      requests.push(request)
      return stream(request)
    },
    check: async () => ({ status: 'ok' }),
  }
}

export function scriptedModel(steps: readonly (readonly ModelEvent[])[]): ScriptedModel {
  let step = 0
  return createModel(async function* () {
    yield* steps[step++] ?? [text('no more steps')]
    yield finished()
  })
}

export const text = (value: string): ModelEvent => ({ type: 'text', text: value })
export const finished = (): Extract<ModelEvent, { type: 'finished' }> => ({
  type: 'finished',
  reason: 'stop',
  usage: { promptTokens: 10, completionTokens: 5 },
})

let calls = 0
export const call = (name: string, argumentsText: string): ModelEvent => ({
  type: 'tool_call',
  call: { id: `call_${++calls}`, name, argumentsText },
})

export const found = (summary: string): ToolResult => ({
  ok: true,
  text: JSON.stringify({ summary }),
  summary,
  output: {},
  blocks: [],
})

const NONCE: ToolDefinition = { name: 'nonce', description: 'nonce', parameters: { type: 'object' } }
export const toolsThat = (answer: (call: ToolCall, signal: AbortSignal) => Promise<ToolResult>): AgentTools => ({
  definitions: [NONCE],
  run: answer,
})

const QUESTION: Message = { role: 'user', text: 'what is it?' }

export type RunInput = Partial<Omit<LoopInput, 'limits'>> & { model: Model; limits?: Partial<AgentLimits> }

export function toLoopInput({ limits, ...rest }: RunInput): LoopInput {
  return {
    tools: toolsThat(async () => found('nonce 1')),
    clientTools: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    format: undefined,
    messages: [QUESTION],
    params: {},
    readsAlong: true,
    limits: { ...DEFAULT_LIMITS, ...limits },
    prompts: PROMPTS,
    signal: new AbortController().signal,
    ...rest,
  }
}

const PROMPTS: AgentPrompts = {
  lastStep: 'No more tools.',
  callTool: 'Call a function.',
  jsonAnswer: 'Write JSON.',
  jsonRepair: 'Not so: {fault}',
}

export async function run(options: RunInput) {
  const events: AgentEvent[] = []
  for await (const event of runAgent(toLoopInput(options))) events.push(event)
  const answer = events.flatMap((event) => (event.type === 'text' ? [event.text] : [])).join('')
  const handedOver = events.flatMap((event) => (event.type === 'client_call' ? [event.call] : []))
  const last = events.at(-1)
  if (last?.type !== 'finished') throw new Error('The run did not finish.')
  return { answer, events, handedOver, finished: last }
}

export function toolTexts(request: ModelRequest | undefined): string[] {
  return request?.messages.flatMap((message) => (message.role === 'tool' ? [message.text] : [])) ?? []
}

export function untilAborted(signal: AbortSignal): Promise<never> {
  signal.throwIfAborted()
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
}
