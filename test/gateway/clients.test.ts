import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI } from '@langchain/openai'
import { generateText, streamText } from 'ai'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadMeta } from '../../devchain/meta.ts'
import type { DevChain } from '../../devchain/start.ts'
import type { ScriptedBackend, ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { devChainEnv, type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'

const QUESTION = 'how many transactions has vitalik.eth sent, and what does it hold?'
const messages = [{ role: 'user' as const, content: QUESTION }]

/** Two rounds of tools, each with a preamble, then an answer made of what the tools found. */
const script = ({ body }: { body: { messages: { role: string; content: string | null }[] } }): ScriptedReply => {
  const results = body.messages.filter(({ role }) => role === 'tool').map(({ content }) => JSON.parse(content ?? '{}'))
  if (results.length === 0) {
    return {
      text: ['Let me', ' look', ' that up.'],
      toolCalls: [
        { id: 'call_a', name: 'transaction_count', arguments: { address: 'vitalik.eth', chain: 'ethereum' } },
      ],
    }
  }
  if (results.length === 1) {
    return {
      text: 'And now the balance.',
      toolCalls: [{ id: 'call_b', name: 'balance', arguments: { addresses: ['vitalik.eth'] } }],
    }
  }
  return { text: results.map(({ summary, error }) => summary ?? `failed: ${error}`).join(' ') }
}

let chain: DevChain
let chainEnv: Record<string, string>
let answer: RegExp

beforeAll(async () => {
  const dev = await devChainEnv([1])
  chain = dev.chain
  chainEnv = dev.env
  const vitalik = (await loadMeta(1)).accounts.find(({ label }) => label.includes('vitalik'))
  expect(vitalik).toMatchObject({ nonce: 1648 })
  answer = /^vitalik\.eth has sent 1,648 transactions on ethereum.*vitalik\.eth.* holds 3,?412\.75 ETH/s
})
afterAll(() => chain?.stop())

const backends = {
  Ollama: async () => {
    const backend = await scriptedOllama(script)
    return { backend, env: { OLLAMA_BASE_URL: backend.url, OPERATOR_MODEL: 'ollama:qwen3:8b' } }
  },
  'an OpenAI-compatible server': async () => {
    const backend = await scriptedOpenAI(script)
    return {
      backend,
      env: { OPENAI_BASE_URL: `${backend.url}/v1`, OPENAI_API_KEY: 'k', OPERATOR_MODEL: 'openai:gpt-test' },
    }
  },
}

describe.each(Object.entries(backends))('with %s behind it, after two rounds of tools,', (_name, start) => {
  let backend: ScriptedBackend
  let gateway: WholeGateway
  let baseURL: string

  beforeAll(async () => {
    const started = await start()
    backend = started.backend
    gateway = await wholeGateway({ ...chainEnv, ...started.env })
    baseURL = `${gateway.url}/v1`
  })
  afterAll(async () => {
    await gateway?.close()
    await backend?.close()
  })

  test('the openai SDK gets the answer alone', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'any' })
    const { choices, model, usage } = await client.chat.completions.create({ model: 'operator', messages })
    expect(choices).toHaveLength(1)
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
    expect(choices[0]?.message.content).toMatch(answer)
    expect(choices[0]?.message.tool_calls).toBeUndefined()
    expect(model).toBe('operator')
    expect(usage?.total_tokens).toBe((usage?.prompt_tokens ?? 0) + (usage?.completion_tokens ?? 0))
  })

  test('the openai SDK streams the same answer', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'any' })
    const runner = client.chat.completions.stream({
      model: 'operator',
      messages,
      stream_options: { include_usage: true },
    })
    const { choices, usage } = await runner.finalChatCompletion()
    expect(choices[0]).toMatchObject({ finish_reason: 'stop' })
    expect(choices[0]?.message.content).toMatch(answer)
    expect(usage?.total_tokens).toBeGreaterThan(0)
  })

  test('the AI SDK gets the answer alone', async () => {
    const provider = createOpenAICompatible({ name: 'groundwire', baseURL, apiKey: 'any' })
    const result = await generateText({ model: provider('operator'), prompt: QUESTION })
    expect(result).toMatchObject({ finishReason: 'stop', toolCalls: [] })
    expect(result.text).toMatch(answer)
  })

  test('the AI SDK streams the same answer', async () => {
    const provider = createOpenAICompatible({ name: 'groundwire', baseURL, apiKey: 'any', includeUsage: true })
    const result = streamText({ model: provider('operator'), prompt: QUESTION })
    expect(await result.text).toMatch(answer)
    expect(await result.finishReason).toBe('stop')
    expect((await result.usage).totalTokens).toBeGreaterThan(0)
  })

  test("LangChain's ChatOpenAI gets the answer alone", async () => {
    const chat = new ChatOpenAI({ model: 'operator', apiKey: 'any', configuration: { baseURL }, maxRetries: 0 })
    const message = await chat.invoke(QUESTION)
    expect(message.text).toMatch(answer)
    expect(message.tool_calls).toEqual([])
  })

  test("LangChain's ChatOpenAI streams the same answer", async () => {
    const chat = new ChatOpenAI({ model: 'operator', apiKey: 'any', configuration: { baseURL }, maxRetries: 0 })
    let text = ''
    for await (const chunk of await chat.stream(QUESTION)) {
      expect(chunk.tool_call_chunks ?? []).toEqual([])
      text += chunk.text
    }
    expect(text).toMatch(answer)
  })

  test('the backend saw the question, the calls and their results in order, and nothing twice', async () => {
    const before = backend.requests.length
    await gateway.ask({ messages })
    const [first, second, third] = backend.requests.slice(before)
    expect(backend.requests.length - before).toBe(3)
    const roles = (request: typeof first) => request?.body.messages.map(({ role }: { role: string }) => role)
    expect(roles(first)).toEqual(['system', 'user'])
    expect(roles(second)).toEqual(['system', 'user', 'assistant', 'tool'])
    expect(roles(third)).toEqual(['system', 'user', 'assistant', 'tool', 'assistant', 'tool'])
    expect(third?.body.messages.slice(0, 4)).toEqual(second?.body.messages)
    expect(third?.body.tools).toEqual(first?.body.tools)
  })
})
