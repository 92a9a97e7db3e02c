import type { Message, ToolDefinition, Usage } from '../../src/messages.ts'
import type { Model, ModelEvent, ModelRequest } from '../../src/models/model.ts'

export type Asked = {
  text: string
  reasoning: string
  /** `name {"arguments":…}` */
  calls: string[]
  callIds: string[]
  reason: string | undefined
  usage: Usage | undefined
}

/** Tools that a spec offers where it does not matter which. */
export const GAS_PRICE: ToolDefinition = {
  name: 'gas_price',
  description: 'Gas price of a chain.',
  parameters: { type: 'object', properties: { chain: { type: 'string' } }, required: ['chain'] },
}

export function toModelRequest(ask: string | readonly Message[], rest: Partial<ModelRequest> = {}): ModelRequest {
  const messages: readonly Message[] = typeof ask === 'string' ? [{ role: 'user', text: ask }] : ask
  return { messages, tools: [], params: {}, signal: new AbortController().signal, ...rest }
}

/** All that a model answers to one request. */
export async function askModel(
  model: Model,
  ask: string | readonly Message[],
  rest?: Partial<ModelRequest>,
): Promise<Asked> {
  const events: ModelEvent[] = []
  for await (const event of model.stream(toModelRequest(ask, rest))) events.push(event)
  const joined = (type: 'text' | 'reasoning') =>
    events.flatMap((event) => (event.type === type ? [event.text] : [])).join('')
  const calls = events.flatMap((event) => (event.type === 'tool_call' ? [event.call] : []))
  const finished = events.filter((event) => event.type === 'finished')
  if (finished.length !== 1 || events.at(-1) !== finished[0]) throw new Error('`finished` must come once, last')
  return {
    text: joined('text'),
    reasoning: joined('reasoning'),
    calls: calls.map(({ name, argumentsText }) => `${name} ${argumentsText}`),
    callIds: calls.map(({ id }) => id),
    reason: finished[0]?.reason,
    usage: finished[0]?.usage,
  }
}
