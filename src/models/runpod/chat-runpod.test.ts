import { AIMessage, HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { type RunpodScript, type ScriptedRunpodOptions, scriptedRunpod } from '../../../test/support/scripted-runpod.ts'
import { ChatRunpod, type ChatRunpodFields } from './chat-runpod.ts'

const gasPrice = tool(async () => '7 gwei', {
  name: 'gas_price',
  description: 'Gas price of a chain.',
  schema: z.object({ chain: z.string() }),
})

test("it answers like any of LangChain's chat models", async () => {
  const { chat, runpod } = await start([
    { text: 'It is 7.', reasoning: 'hm', usage: { promptTokens: 26, completionTokens: 7 } },
  ])
  const answer = await chat.invoke([new HumanMessage('gas?')], { stop: ['END'] })
  expect(answer).toBeInstanceOf(AIMessage)
  expect(answer.content).toBe('It is 7.')
  expect(answer.additional_kwargs.reasoning_content).toBe('hm')
  expect(answer.response_metadata.finish_reason).toBe('stop')
  expect(answer.usage_metadata).toMatchObject({ input_tokens: 26, output_tokens: 7, total_tokens: 33 })
  expect(runpod.jobs[0]?.body).toEqual({
    model: 'Qwen/Qwen3-32B',
    messages: [{ role: 'user', content: 'gas?' }],
    temperature: 0.3,
    stop: ['END'],
    stream: false,
  })
})

test('its stream is the answer in one piece', async () => {
  const { chat } = await start([{ text: 'It is 7.' }])
  const pieces: unknown[] = []
  for await (const { content } of await chat.stream('gas?')) pieces.push(content)
  expect(pieces).toEqual(['It is 7.'])
})

test('it calls the tools that are bound to it, and its answer can be sent back', async () => {
  const { chat, runpod } = await start([
    { toolCalls: [{ id: 'call_1', name: 'gas_price', arguments: { chain: 'base' } }] },
    { text: 'It is 7.' },
  ])
  const bound = chat.bindTools([gasPrice], { tool_choice: 'any' })
  const question = new HumanMessage('gas?')
  const answer = await bound.invoke([question])
  const call = { type: 'tool_call', id: 'call_1', name: 'gas_price', args: { chain: 'base' } }
  expect(answer.tool_calls).toEqual([call])
  expect(runpod.jobs[0]?.body).toMatchObject({
    tools: [{ type: 'function', function: { name: 'gas_price', parameters: { required: ['chain'] } } }],
    tool_choice: 'required',
  })
  await bound.invoke([question, answer, new ToolMessage({ content: '7 gwei', tool_call_id: 'call_1' })])
  expect(runpod.jobs[1]?.body.messages.slice(1)).toEqual([
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'gas_price', arguments: '{"chain":"base"}' } }],
    },
    { role: 'tool', content: '7 gwei', tool_call_id: 'call_1' },
  ])
})

test.each([
  ['auto', 'auto'],
  ['none', 'none'],
  ['gas_price', { type: 'function', function: { name: 'gas_price' } }],
])('a choice of %s is told as OpenAI does', async (tool_choice, told) => {
  const { chat, runpod } = await start([{ text: 'ok' }])
  await chat.bindTools([gasPrice], { tool_choice }).invoke('gas?')
  expect(runpod.jobs[0]?.body.tool_choice).toEqual(told)
})

test('calls whose arguments cannot be read are invalid ones, and all are told as they were written', async () => {
  const calls = [
    { id: 'call_1', name: 'gas_price', arguments: '{"wei":1000000000000000001}' },
    { id: 'call_2', name: 'gas_price', arguments: '{"chain": bro' },
  ]
  const { chat } = await start([{ toolCalls: calls }])
  const answer = await chat.invoke('gas?')
  expect(answer.tool_calls).toMatchObject([{ id: 'call_1' }])
  expect(answer.invalid_tool_calls).toMatchObject([{ id: 'call_2', args: '{"chain": bro' }])
  expect(answer.additional_kwargs.tool_calls?.map((call) => call.function.arguments)).toEqual(
    calls.map((call) => call.arguments),
  )
})

test('a call that is aborted, or takes too long, is cancelled at RunPod', async () => {
  const caller = new AbortController()
  const { chat, runpod } = await start([{ neverEnds: true }, { neverEnds: true }], { timeoutMs: 400 })
  const answer = chat.invoke('hello', { signal: caller.signal })
  await expect.poll(() => runpod.jobs[0]?.state).toBe('IN_PROGRESS')
  caller.abort()
  await expect(answer).rejects.toThrow()
  await expect(chat.invoke('hello')).rejects.toMatchObject({ kind: 'silent' })
  await expect.poll(() => runpod.jobs.map(({ state }) => state)).toEqual(['CANCELLED', 'CANCELLED'])
})

test('it waits for an endpoint that sleeps as long as for all of a job', async () => {
  const { chat } = await start([{ text: 'ok' }], {}, { awake: 0, bootMs: 60 })
  expect((await chat.invoke('hello')).content).toBe('ok')
  const { chat: hasty, runpod } = await start([], { queueTimeoutMs: 50 }, { awake: 0 })
  await expect(hasty.invoke('hello')).rejects.toMatchObject({ name: 'NotServedError', state: 'asleep' })
  await expect.poll(() => runpod.jobs[0]?.state).toBe('CANCELLED')
})

test('its key is not written out with it', async () => {
  const { chat } = await start([])
  expect(JSON.stringify(chat)).not.toContain('rp-test')
})

async function start(script: RunpodScript, fields: Partial<ChatRunpodFields> = {}, server: ScriptedRunpodOptions = {}) {
  const runpod = await scriptedRunpod(script, server)
  onTestFinished(() => runpod.close())
  const chat = new ChatRunpod({
    model: 'Qwen/Qwen3-32B',
    temperature: 0.3,
    baseUrl: runpod.url,
    endpointId: 'ep-test',
    apiKey: 'rp-test',
    poll: { firstMs: 4, mostMs: 12 },
    ...fields,
  })
  return { chat, runpod }
}
