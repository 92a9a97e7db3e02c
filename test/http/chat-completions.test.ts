import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { BackendError, GatewayError } from '../../src/errors.ts'
import { completed, HELLO, idleModel, says, startHttp, tells, toModels, WALLET } from '../support/http-gateway.ts'

function openai(url: string): OpenAI {
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: 'unused', maxRetries: 0 })
}

test('a question gets a whole completion, with the texts of the run joined', async () => {
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
    system_fingerprint: null,
  })
})

test('the official SDK reads a completion, its request id and its usage', async () => {
  const usage = { promptTokens: 10, completionTokens: 4, cachedTokens: 6, reasoningTokens: 1 }
  const gateway = await startHttp(tells({ type: 'text', text: 'hi' }, completed({ usage, reason: 'length' })))
  const completion = await openai(gateway.url).chat.completions.create({
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

test('parameters reach the run in our own words, null means unset, and unknown fields are ignored', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await gateway.ask({
    ...HELLO,
    temperature: 0,
    top_p: 1,
    max_tokens: 5,
    max_completion_tokens: 7,
    stop: '\n\n',
    seed: null,
    presence_penalty: -2,
    frequency_penalty: null,
    n: 1,
    tools: [],
    tool_choice: 'auto',
    logprobs: false,
    logit_bias: {},
    response_format: { type: 'text' },
    stream_options: null,
    store: false,
    num_ctx: 1_000_000,
    keep_alive: -1,
    some_new_field: { a: 1 },
  })
  expect(response.status).toBe(200)
  expect(gateway.orders[0]).toMatchObject({ stream: false, model: { id: 'operator' } })
  expect(gateway.orders[0]?.params).toEqual({
    temperature: 0,
    topP: 1,
    maxTokens: 7,
    stop: ['\n\n'],
    presencePenalty: -2,
  })
})

test('the reply names the model that answered, also where it stands in for the one asked', async () => {
  const gateway = await startHttp(says('rehearsed'), {
    models: toModels([{ id: 'operator', model: idleModel('rehearsal') }]),
  })
  expect(await (await gateway.ask({ ...HELLO, model: 'operator' })).json()).toMatchObject({ model: 'rehearsal' })
})

test('an unknown model is a 404 model_not_found, and no run starts', async () => {
  const gateway = await startHttp(says('never'))
  const asked = openai(gateway.url).chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'x' }],
  })
  await expect(asked).rejects.toThrow(OpenAI.NotFoundError)
  await expect(asked).rejects.toMatchObject({ code: 'model_not_found', param: 'model', type: 'invalid_request_error' })
  expect(gateway.orders).toEqual([])
})

test('a run without a word still has a content, and counts that are no numbers become zero', async () => {
  const usage = { promptTokens: Number.NaN, completionTokens: 2.4 }
  const gateway = await startHttp(tells({ type: 'text', text: '' }, completed({ usage })))
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

test('the trace is shown only when asked for, by header or by body, with whole numbers as decimal strings', async () => {
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

test('a model that cannot be reached is a 502 that says when to try again', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError("The model 'operator' is not reachable.", { kind: 'down' })
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(502)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(response.headers.get('x-should-retry')).toBeNull()
  expect(await response.json()).toEqual({
    error: {
      message: "The model 'operator' is not reachable.",
      type: 'upstream_error',
      param: null,
      code: 'model_backend_error',
    },
  })
})

test('a run that fails after the model was heard is not to be retried, and the SDK does not', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    yield { type: 'text', text: 'half an ans' }
    throw new BackendError('The model took too long.', { kind: 'timeout' })
  })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 3 })
  const asked = client.chat.completions.create({ model: 'operator', messages: [{ role: 'user', content: 'x' }] })
  await expect(asked).rejects.toMatchObject({ status: 504, code: 'model_timeout' })
  expect(gateway.orders).toHaveLength(1)
})

test('what is no error of ours leaves as a bare 500, and the log has the cause', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new Error('password of the database is hunter2')
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(500)
  const body = await response.text()
  expect(body).not.toContain('hunter2')
  expect(JSON.parse(body).error).toMatchObject({ type: 'server_error', code: 'internal_error', param: null })
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({
    level: 50,
    status: 500,
    error: { message: 'password of the database is hunter2' },
  })
})

test('a run that ends without completing is our fault, not an answer', async () => {
  const gateway = await startHttp(tells({ type: 'text', text: 'half' }))
  expect((await gateway.ask(HELLO)).status).toBe(500)
})

test('an error tells its details in a sentence beside it, and waits are told in 1 to 60 seconds', async () => {
  // biome-ignore lint/correctness/useYield: this run is refused before it starts
  const gateway = await startHttp(async function* () {
    throw new GatewayError('Not enough credits.', {
      status: 402,
      code: 'insufficient_credits',
      type: 'insufficient_quota',
      details: { needed: 40n, available: 12n, of: { org: 'a' } },
      retryAfterSec: 600,
    })
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(402)
  expect(response.headers.get('retry-after')).toBe('60')
  expect(await response.json()).toEqual({
    error: { message: 'Not enough credits.', type: 'insufficient_quota', param: null, code: 'insufficient_credits' },
    details: 'needed: 40, available: 12, of: {"org":"a"}',
  })
})
