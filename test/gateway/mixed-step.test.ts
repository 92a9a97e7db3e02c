import { afterAll, beforeAll, expect, test } from 'vitest'
import { createControl } from '../../devchain/control.ts'
import type { DevChain } from '../../devchain/start.ts'
import type { ScriptedBackend } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { devChainEnv, type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'

type Completion = {
  choices: { finish_reason: string; message: { content: string | null; tool_calls?: { id: string }[] } }[]
  groundwire: { blocks: { number: string }[]; tool_calls: { name: string }[] }
}

const QUESTION = { role: 'user', content: 'Note how many transactions alice.eth has sent, and what it holds.' }
const NOTE = { type: 'function', function: { name: 'note', parameters: { type: 'object', properties: {} } } }

let chain: DevChain
let ollama: ScriptedBackend
let gateway: WholeGateway

beforeAll(async () => {
  const dev = await devChainEnv([1])
  chain = dev.chain
  ollama = await scriptedOllama(({ body }) => {
    const results = body.messages.filter(({ role }: { role: string }) => role === 'tool').length
    const count = { name: 'transaction_count', arguments: { address: 'alice.eth' } }
    if (results === 0) return { toolCalls: [count, { name: 'note', arguments: {} }] }
    if (results === 2) return { toolCalls: [{ name: 'balance', arguments: { addresses: ['alice.eth'] } }] }
    return { text: 'Noted.' }
  })
  gateway = await wholeGateway({ ...dev.env, OLLAMA_BASE_URL: ollama.url })
})
afterAll(async () => {
  await gateway?.close()
  await ollama?.close()
  await chain?.stop()
})

async function complete(messages: readonly object[], headers = {}): Promise<Completion> {
  const response = await gateway.ask({ messages, tools: [NOTE], groundwire: { trace: true } }, { headers })
  expect(response.status).toBe(200)
  return (await response.json()) as Completion
}

async function handOver(): Promise<{ history: object[]; block: string | undefined }> {
  const { choices, groundwire } = await complete([QUESTION])
  const { message, finish_reason } = choices[0] ?? expect.unreachable()
  expect([finish_reason, message.tool_calls?.length]).toEqual(['tool_calls', 1])
  const result = { role: 'tool', tool_call_id: message.tool_calls?.[0]?.id, content: 'written down' }
  return { history: [QUESTION, message, result], block: groundwire.blocks[0]?.number }
}

test('a caller who comes back with the results of its tools is answered at the block of the first half', async () => {
  const { history, block } = await handOver()
  await createControl({ url: chain.rpcUrls[1]?.[0] ?? '', chainId: 1 }).mine(3)
  const { choices, groundwire } = await complete(history)
  expect(choices[0]?.message.content).toBe('Noted.')
  expect(groundwire.tool_calls.map(({ name }) => name)).toEqual(['balance'])
  expect(groundwire.blocks.map(({ number }) => number)).toEqual([block])
  const seen = ollama.requests.at(-1)?.body.messages
  expect(seen.slice(1).map(({ role, tool_name }: { role: string; tool_name?: string }) => tool_name ?? role)).toEqual([
    'user',
    'assistant',
    'transaction_count',
    'note',
    'assistant',
    'balance',
  ])
})

test("another caller who sends the same history does not hear of the first one's results", async () => {
  const { history } = await handOver()
  await complete(history, { authorization: 'Bearer somebody-else' })
  const seen = ollama.requests.at(-1)?.body.messages
  expect(seen.filter(({ role }: { role: string }) => role === 'tool')).toMatchObject([{ tool_name: 'note' }])
})
