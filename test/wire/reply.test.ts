import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { toCallDeltas, toChunk, toCompletion, toUsageChunk } from '../../src/http/chat/chat-reply.ts'
import {
  calls,
  completed,
  HELLO,
  idleModel,
  says,
  startHttp,
  tells,
  toModels,
  WALLET,
} from '../support/http-gateway.ts'

test('§1.4 a reply is a whole completion, with the texts of the run joined', async () => {
  const gateway = await startHttp(says('vitalik.eth has sent ', '1,234 transactions.'), {
    now: () => 1_718_464_968_999,
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const runId = response.headers.get('x-groundwire-run-id')
  expect(runId).toMatch(/^run_[0-9a-z]{24}$/)
  expect(await response.json()).toEqual({
    id: `chatcmpl-${runId?.slice(4)}`,
    object: 'chat.completion',
    created: 1_718_464_968,
    model: 'operator',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content: 'vitalik.eth has sent 1,234 transactions.', refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
  })
})

test('§1.4 the official SDK reads a completion, its request id and its usage', async () => {
  const usage = { promptTokens: 10, completionTokens: 4, cachedTokens: 6, reasoningTokens: 1 }
  const gateway = await startHttp(tells({ type: 'text', text: 'hi' }, completed({ usage, reason: 'length' })))
  const completion = await new OpenAI({
    baseURL: `${gateway.url}/v1`,
    apiKey: 'unused',
    maxRetries: 0,
  }).chat.completions.create({
    model: 'operator',
    messages: [{ role: 'user', content: 'hello' }],
  })
  expect(completion._request_id).toMatch(/^req_\w{32}$/)
  expect(completion.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'hi' } })
  expect(completion.usage).toEqual({
    prompt_tokens: 10,
    completion_tokens: 4,
    total_tokens: 14,
    prompt_tokens_details: { cached_tokens: 6 },
    completion_tokens_details: { reasoning_tokens: 1 },
  })
})

test('§1.4 replies and chunks are of the types of the official SDK', () => {
  const head = { id: 'chatcmpl-1', created: 1, model: 'operator' }
  const message = { text: '', toolCalls: [CALL] }
  const completion: OpenAI.ChatCompletion = toCompletion(head, message, completed({ reason: 'tool_calls' }), true)
  const chunks: OpenAI.ChatCompletionChunk[] = [
    toChunk(head, { role: 'assistant', content: '' }, null, true),
    ...toCallDeltas(CALL, 0).map((delta) => toChunk(head, delta, null, true)),
    toChunk(head, {}, 'tool_calls', true),
    toUsageChunk(head, { promptTokens: 1, completionTokens: 2, cachedTokens: 1, reasoningTokens: 1 }),
  ]
  expect(completion.choices[0]?.message.tool_calls).toHaveLength(1)
  expect(chunks.at(-1)?.usage?.total_tokens).toBe(3)
})

const CALL = { id: 'call_1', name: 'open_page', argumentsText: '{"page":"home"}' }

test('§1.4 calls for the caller stand in the message, whose content is null where nothing was said', async () => {
  const gateway = await startHttp(calls(CALL, { ...CALL, id: 'call_2', argumentsText: '{}' }))
  const { choices } = await (await gateway.ask(HELLO)).json()
  expect(choices).toEqual([
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        refusal: null,
        tool_calls: [
          { id: 'call_1', type: 'function', function: { name: 'open_page', arguments: '{"page":"home"}' } },
          { id: 'call_2', type: 'function', function: { name: 'open_page', arguments: '{}' } },
        ],
      },
      logprobs: null,
      finish_reason: 'tool_calls',
    },
  ])
})

test('§1.4 what the model said before its calls is the content beside them', async () => {
  const gateway = await startHttp(
    tells(
      { type: 'text', text: 'I will look.' },
      { type: 'client_call', call: CALL },
      completed({ reason: 'tool_calls' }),
    ),
  )
  const { choices } = await (await gateway.ask(HELLO)).json()
  expect(choices[0]?.message).toMatchObject({ content: 'I will look.', tool_calls: [{ id: 'call_1' }] })
})

test('§1.4 a reply without calls has no list of them', async () => {
  const gateway = await startHttp(says('hi'))
  expect((await (await gateway.ask(HELLO)).json()).choices[0]?.message).not.toHaveProperty('tool_calls')
})

test.each(['stop', 'length', 'tool_calls', 'content_filter'] as const)(
  '§1.4 a run that ends with %s says so',
  async (reason) => {
    const gateway = await startHttp(
      tells(
        { type: 'text', text: 'hi' },
        ...(reason === 'tool_calls' ? [{ type: 'client_call', call: CALL } as const] : []),
        completed({ reason }),
      ),
    )
    expect((await (await gateway.ask(HELLO)).json()).choices[0]?.finish_reason).toBe(reason)
    await expect.poll(() => gateway.log).toHaveLength(1)
    expect(gateway.log[0]).toMatchObject({ finish: reason })
  },
)

test('§1.4 a reply names the model that answered, also where it stands in for the one asked', async () => {
  const gateway = await startHttp(says('rehearsed'), {
    models: toModels([{ id: 'operator', model: idleModel('rehearsal') }]),
  })
  expect(await (await gateway.ask({ ...HELLO, model: 'operator' })).json()).toMatchObject({ model: 'rehearsal' })
})

test('§1.4 an answer that is meant to be empty, as its stop sequence came first, is', async () => {
  const gateway = await startHttp(tells({ type: 'text', text: '' }, completed()))
  const body = await (await gateway.ask(HELLO)).json()
  expect(body.choices[0]?.message.content).toBe('')
})

test('§1.4 a run without a word still has a content, and counts that are no numbers become zero', async () => {
  const usage = { promptTokens: Number.NaN, completionTokens: 2.4 }
  const gateway = await startHttp(tells(completed({ usage })))
  const body = await (await gateway.ask(HELLO)).json()
  expect(body.choices[0]?.message.content).toMatch(/\w/)
  expect(body.usage).toEqual({ prompt_tokens: 0, completion_tokens: 2, total_tokens: 2 })
})

const TRACE = {
  steps: 2,
  toolCalls: [
    { call: { id: 'call_1', name: 'ens', argumentsText: '{}' }, ok: true, summary: 'It is so.', durationMs: 4 },
  ],
  blocks: [
    {
      chain: 'ethereum',
      chainId: 1,
      number: 2n ** 60n,
      hash: `0x${'ab'.repeat(32)}`,
      timestampSec: 1_700_000_000,
    } as const,
  ],
  evidence: [
    {
      chainId: 1,
      method: 'eth_call',
      params: [{ to: WALLET }, '0x1'],
      blockNumber: 2n ** 60n,
      resultDigest: '0x12',
    } as const,
  ],
}

test('§1.4 the trace is shown only when asked for, by header or by body, with whole numbers as decimal strings', async () => {
  const gateway = await startHttp(tells({ type: 'text', text: 'ok' }, completed({ trace: TRACE })))
  expect(await (await gateway.ask(HELLO)).json()).not.toHaveProperty('groundwire')
  const byHeader = await gateway.ask(HELLO, { headers: { 'x-groundwire-trace': '1' } })
  expect((await byHeader.json()).groundwire).toEqual({
    run_id: byHeader.headers.get('x-groundwire-run-id'),
    backend: 'ollama:qwen3:8b',
    steps: 2,
    limit: null,
    tool_calls: [{ id: 'call_1', name: 'ens', arguments: '{}', ok: true, summary: 'It is so.', duration_ms: 4 }],
    blocks: [
      {
        chain: 'ethereum',
        chain_id: 1,
        number: '1152921504606846976',
        hash: `0x${'ab'.repeat(32)}`,
        timestamp: 1_700_000_000,
      },
    ],
    reorgs: [],
    evidence: [
      {
        chain_id: 1,
        method: 'eth_call',
        params: [{ to: WALLET }, '0x1'],
        block_number: '1152921504606846976',
        result_digest: '0x12',
      },
    ],
  })
  const byBody = await gateway.ask({ ...HELLO, groundwire: { trace: true } })
  expect((await byBody.json()).groundwire.steps).toBe(2)
})
