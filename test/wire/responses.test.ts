import OpenAI from 'openai'
import type { Response as SdkResponse } from 'openai/resources/responses/responses'
import { expect, test } from 'vitest'
import { BackendError, BadRequestError, ContextLengthError } from '../../src/errors.ts'
import type { WireResponse } from '../../src/http/responses/response-object.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { responsesOf } from '../support/ask-responses.ts'
import { calls, completed, says, startHttp, tells } from '../support/http-gateway.ts'

const HELLO = { input: 'hello' }
const fails = (error: Error): ExecuteRun =>
  // biome-ignore lint/correctness/useYield: it fails before it tells anything
  async function* () {
    throw error
  }

// What the official client adds, or types more narrowly than its API answers, is left out.
type Added = 'output_text' | 'access_programs' | 'usage' | 'tools' | 'tool_choice' | 'text' | 'reasoning' | 'error'
type Like<T> = T extends readonly (infer Item)[] ? readonly Like<Item>[] : T
const _typed = (response: Omit<WireResponse, Added | 'output' | 'prompt_cache_key' | 'safety_identifier'>) =>
  response satisfies Like<Omit<SdkResponse, Added | 'output' | 'metadata'>>

test('§2 a reply is the whole response object', async () => {
  const gateway = await startHttp(says('Hel', 'lo'), {
    newRunId: () => 'run_abcdefghijklmnopqrstuvwx',
    now: () => 1_718_464_968_000,
  })
  const reply = await responsesOf(gateway).create({
    model: 'operator',
    input: 'hello',
    instructions: 'be brief',
    metadata: { topic: 'greeting' },
    temperature: 0.5,
    top_p: 0.9,
    max_output_tokens: 50,
    user: 'u1',
  })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('x-groundwire-run-id')).toBe('run_abcdefghijklmnopqrstuvwx')
  expect(reply.body).toEqual({
    id: 'resp_abcdefghijklmnopqrstuvwx',
    object: 'response',
    created_at: 1_718_464_968,
    completed_at: 1_718_464_968,
    status: 'completed',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: 'be brief',
    max_output_tokens: 50,
    max_tool_calls: null,
    model: 'operator',
    output: [
      {
        type: 'message',
        id: 'msg_abcdefghijklmnopqrstuvwxo0',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', text: 'Hello', annotations: [], logprobs: [] }],
      },
    ],
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: 'default',
    store: true,
    temperature: 0.5,
    text: { format: { type: 'text' }, verbosity: 'medium' },
    tool_choice: 'auto',
    tools: [],
    top_logprobs: 0,
    top_p: 0.9,
    truncation: 'disabled',
    usage: {
      input_tokens: 12,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 3,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 15,
    },
    metadata: { topic: 'greeting' },
    user: 'u1',
  })
})

test('§2 the order that reaches the run is what was asked for', async () => {
  const gateway = await startHttp(says('hi'))
  await responsesOf(gateway).create({
    input: 'hello',
    instructions: 'be brief',
    max_output_tokens: 50,
    temperature: 0.5,
    top_p: 0.9,
    parallel_tool_calls: false,
  })
  expect(gateway.orders).toMatchObject([
    {
      messages: [
        { role: 'system', text: 'be brief' },
        { role: 'user', text: 'hello' },
      ],
      params: { maxTokens: 50, temperature: 0.5, topP: 0.9 },
      stream: false,
      serverTools: true,
      clientTools: [],
      toolChoice: 'auto',
      parallelToolCalls: false,
      format: undefined,
    },
  ])
})

test('§2 what a client of the API sends and nothing here reads is accepted, as are nulls', async () => {
  const gateway = await startHttp(says('hi'))
  const reply = await responsesOf(gateway).create({
    ...HELLO,
    include: ['reasoning.encrypted_content'],
    reasoning: { effort: 'low', summary: 'auto' },
    text: { verbosity: 'low' },
    service_tier: 'auto',
    truncation: 'auto',
    safety_identifier: 's',
    prompt_cache_key: 'k',
    stream_options: { include_obfuscation: false },
    client_metadata: { session: '1' },
    max_tool_calls: 3,
    ...{ instructions: null, tools: null, tool_choice: null, previous_response_id: null, conversation: null },
    ...{ temperature: null, metadata: null, store: null, background: null, stream: null, prompt: null, user: null },
  })
  expect(reply.status).toBe(200)
  expect(reply.body).toMatchObject({
    reasoning: { effort: 'low', summary: 'auto' },
    text: { verbosity: 'low' },
    truncation: 'auto',
    max_tool_calls: 3,
  })
})

test.each<[field: string, body: object, param: string, message: RegExp]>([
  ['no input', { model: 'operator' }, 'input', /^Missing required parameter: 'input'\.$/],
  ['messages of the other API', { messages: [] }, 'input', /Use POST \/v1\/chat\/completions/],
  ['an empty input', { input: [] }, 'input', /empty array/],
  ['an input of another type', { input: 1 }, 'input', /one of a string or array of objects/],
  ['an unknown input item', { input: [{ type: 'mcp_call' }] }, 'input[0].type', /^Invalid value: 'mcp_call'/],
  ['a conversation', { ...HELLO, conversation: 'c' }, 'conversation', /Use 'previous_response_id'/],
  ['a prompt template', { ...HELLO, prompt: { id: 'p' } }, 'prompt', /Use 'instructions'/],
  ['a temperature out of range', { ...HELLO, temperature: 3 }, 'temperature', /<= 2/],
  ['no tokens', { ...HELLO, max_output_tokens: 0 }, 'max_output_tokens', />= 1/],
  ['logprobs', { ...HELLO, top_logprobs: 2 }, 'top_logprobs', /^Unsupported parameter/],
  ['background without store', { ...HELLO, background: true, store: false }, 'store', /Background mode/],
  ['a stream that is no boolean', { ...HELLO, stream: 'yes' }, 'stream', /expected a boolean/],
  ['an unknown format', { ...HELLO, text: { format: { type: 'xml' } } }, 'text.format.type', /Invalid value: 'xml'/],
  [
    'a format without a schema',
    { ...HELLO, text: { format: { type: 'json_schema', name: 'a' } } },
    'text.format.schema',
    /^Missing required parameter/,
  ],
  [
    'a schema that no answer can be held against',
    { ...HELLO, text: { format: { type: 'json_schema', name: 'a', schema: { type: 'nonsense' } } } },
    'text.format.schema',
    /^Invalid schema for response_format 'a'/,
  ],
])('§2 %s is refused by name', async (_what, body, param, message) => {
  const gateway = await startHttp(says('never'))
  const reply = await responsesOf(gateway).create(body)
  expect(reply.status).toBe(400)
  expect(reply.body.error).toMatchObject({
    type: 'invalid_request_error',
    param,
    message: expect.stringMatching(message),
  })
  expect(gateway.orders).toEqual([])
})

test('§2 an unknown model is a 404', async () => {
  const gateway = await startHttp(says('never'))
  const reply = await responsesOf(gateway).create({ ...HELLO, model: 'gpt-5' })
  expect(reply).toMatchObject({ status: 404, body: { error: { code: 'model_not_found', param: 'model' } } })
})

test.each([
  ['any JSON object', { type: 'json_object' }, {}],
  [
    'a schema',
    { type: 'json_schema', name: 'person', description: 'who', schema: { type: 'object' }, strict: true },
    { name: 'person', description: 'who', schema: { type: 'object' } },
  ],
])('§2 text.format asks for %s', async (_what, format, expected) => {
  const gateway = await startHttp(says('{}'))
  const reply = await responsesOf(gateway).create({ ...HELLO, text: { format } })
  expect(gateway.orders[0]?.format).toEqual(expected)
  expect(reply.body.text.format).toEqual(format)
})

test.each([
  ['length', 'max_output_tokens'],
  ['content_filter', 'content_filter'],
] as const)('§2 an answer that ended by %s is incomplete', async (reason, detail) => {
  const gateway = await startHttp(tells({ type: 'text', text: 'Hel' }, completed({ reason })))
  const { body } = await responsesOf(gateway).create(HELLO)
  expect(body).toMatchObject({
    status: 'incomplete',
    incomplete_details: { reason: detail },
    completed_at: null,
    output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }],
    usage: { total_tokens: 15 },
  })
})

test('§2 usage counts all steps, and what was cached and thought', async () => {
  const usage = { promptTokens: 100, completionTokens: 20, cachedTokens: 64, reasoningTokens: 5 }
  const gateway = await startHttp(tells({ type: 'text', text: 'hi' }, completed({ usage })))
  const { body } = await responsesOf(gateway).create(HELLO)
  expect(body.usage).toEqual({
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 64, cache_write_tokens: 0 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 5 },
    total_tokens: 120,
  })
})

test('§2 an answer without text says so, as an empty one looks like a hang', async () => {
  const gateway = await startHttp(tells(completed()))
  const { body } = await responsesOf(gateway).create(HELLO)
  expect(body.output).toMatchObject([{ content: [{ text: expect.stringContaining('no answer') }] }])
})

test.each<[what: string, body: object, headers: Record<string, string>]>([
  ['the header', HELLO, { 'x-groundwire-trace': '1' }],
  ['the body', { ...HELLO, groundwire: { trace: true } }, {}],
])('§2 the trace is there where %s asks for it, and only there', async (_what, body, headers) => {
  const gateway = await startHttp(says('hi'))
  expect((await responsesOf(gateway, headers).create(body)).body.groundwire).toMatchObject({
    run_id: gateway.orders[0]?.id,
    steps: 1,
  })
  expect((await responsesOf(gateway).create(HELLO)).body).not.toHaveProperty('groundwire')
})

test('§2 what fails before an answer is an HTTP error in the envelope, not a failed response', async () => {
  const gateway = await startHttp(fails(new BackendError('operator is down', { kind: 'down' })))
  const reply = await responsesOf(gateway).create(HELLO)
  expect(reply).toMatchObject({
    status: 502,
    body: { error: { message: 'operator is down', code: 'model_backend_error' } },
  })
  expect(reply.headers.get('retry-after')).toBe('5')
})

test('§2 errors of the run name the fields of this API', async () => {
  const tooLong = await startHttp(fails(new ContextLengthError({ limitTokens: 10, promptTokens: 20 })))
  expect((await responsesOf(tooLong).create(HELLO)).body.error).toMatchObject({
    code: 'context_length_exceeded',
    param: 'input',
    message: expect.stringContaining("This model's maximum context length is 10 tokens."),
  })
  const cut = await startHttp(
    fails(new BadRequestError('Could not finish because max_tokens was reached.', { param: 'max_tokens' })),
  )
  expect((await responsesOf(cut).create(HELLO)).body.error).toMatchObject({
    param: 'max_output_tokens',
    message: 'Could not finish because max_output_tokens was reached.',
  })
})

test('§2 a call for the caller stands after the text, as an item of its own', async () => {
  const gateway = await startHttp(
    tells(
      { type: 'text', text: 'One moment.' },
      { type: 'client_call', call: { id: 'call_1', name: 'open_page', argumentsText: '{"page":1}' } },
      { type: 'client_call', call: { id: 'call_2', name: 'open_page', argumentsText: '{"page":2}' } },
      completed({ reason: 'tool_calls' }),
    ),
    { newRunId: () => 'run_abcdefghijklmnopqrstuvwx' },
  )
  const { body } = await responsesOf(gateway).create({
    ...HELLO,
    tools: [{ type: 'function', name: 'open_page', parameters: { type: 'object', properties: {} } }],
  })
  expect(body.status).toBe('completed')
  expect(body.output).toEqual([
    expect.objectContaining({ type: 'message' }),
    {
      type: 'function_call',
      id: 'fc_abcdefghijklmnopqrstuvwxo1',
      call_id: 'call_1',
      name: 'open_page',
      arguments: '{"page":1}',
      status: 'completed',
    },
    expect.objectContaining({ call_id: 'call_2', id: 'fc_abcdefghijklmnopqrstuvwxo2' }),
  ])
})

test.each([
  ['POST', '', 'PUT', 'POST, OPTIONS'],
  ['GET', '/resp_1', 'POST', 'GET, HEAD, DELETE, OPTIONS'],
  ['POST', '/resp_1/cancel', 'GET', 'POST, OPTIONS'],
  ['GET', '/resp_1/input_items', 'POST', 'GET, HEAD, OPTIONS'],
])('§2 %s is what /v1/responses%s answers, and %s is a 405', async (_right, path, wrong, allow) => {
  const gateway = await startHttp(says('never'))
  const response = await responsesOf(gateway).send(wrong, path)
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe(allow)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
})

test.each([
  ['POST', ''],
  ['GET', '/resp_1'],
  ['DELETE', '/resp_1'],
  ['POST', '/resp_1/cancel'],
  ['GET', '/resp_1/input_items'],
])('§2 %s /v1/responses%s without a credential is a 401', async (method, path) => {
  const gateway = await startHttp(says('never'))
  const response = await fetch(`${gateway.url}/v1/responses${path}`, { method })
  expect(response.status).toBe(401)
})

test('§2 the official client reads text and calls', async () => {
  const gateway = await startHttp(calls({ id: 'call_1', name: 'f', argumentsText: '{}' }))
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 })
  const response = await client.responses.create({ model: 'operator', input: 'hello' })
  expect(response.output_text).toBe('')
  expect(response.output).toMatchObject([{ type: 'function_call', call_id: 'call_1', name: 'f' }])
})
