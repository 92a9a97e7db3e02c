import { expect, test } from 'vitest'
import { HELLO, says, startHttp } from '../support/http-gateway.ts'

const MANY = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v']))

// What is wrong, the body, and what the caller is told: param, code, and the start of the message.
const REFUSED: [what: string, body: unknown, param: string | null, code: string | null, message: string][] = [
  ['no messages', {}, 'messages', 'missing_required_parameter', "Missing required parameter: 'messages'."],
  [
    'null messages',
    { messages: null },
    'messages',
    'invalid_type',
    "Invalid type for 'messages': expected an array, but got null instead.",
  ],
  [
    'messages as text',
    { messages: 'hi' },
    'messages',
    'invalid_type',
    "Invalid type for 'messages': expected an array, but got a string instead.",
  ],
  [
    'no message',
    { messages: [] },
    'messages',
    'invalid_value',
    "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
  ],
  ['a body that is a list', [], null, 'invalid_type', 'Invalid body: expected an object, but got an array instead.'],
  ['a body that is null', null, null, 'invalid_type', 'Invalid body: expected an object, but got null instead.'],
  ['a body that is a number', 3, null, 'invalid_type', 'Invalid body: expected an object, but got an integer instead.'],
  [
    'a model that is no text',
    { ...HELLO, model: 3 },
    'model',
    'invalid_type',
    "Invalid type for 'model': expected a string, but got an integer instead.",
  ],
  [
    'stream as text',
    { ...HELLO, stream: 'true' },
    'stream',
    'invalid_type',
    "Invalid type for 'stream': expected a boolean, but got a string instead.",
  ],
  [
    'include_usage as a number',
    { ...HELLO, stream_options: { include_usage: 1 } },
    'stream_options.include_usage',
    'invalid_type',
    "Invalid type for 'stream_options.include_usage': expected a boolean",
  ],
  [
    'a temperature above 2',
    { ...HELLO, temperature: 2.5 },
    'temperature',
    'invalid_value',
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 2.5 instead.",
  ],
  [
    'a temperature as text',
    { ...HELLO, temperature: '1' },
    'temperature',
    'invalid_type',
    "Invalid type for 'temperature': expected a decimal, but got a string instead.",
  ],
  [
    'a whole temperature above 2',
    { ...HELLO, temperature: 3 },
    'temperature',
    'invalid_value',
    "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
  ],
  [
    'a top_p below 0',
    { ...HELLO, top_p: -0.1 },
    'top_p',
    'invalid_value',
    "Invalid 'top_p': decimal below minimum value.",
  ],
  [
    'no tokens to answer with',
    { ...HELLO, max_tokens: 0 },
    'max_tokens',
    'invalid_value',
    "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.",
  ],
  [
    'half a token',
    { ...HELLO, max_completion_tokens: 1.5 },
    'max_completion_tokens',
    'invalid_type',
    "Invalid type for 'max_completion_tokens': expected an integer, but got a decimal instead.",
  ],
  [
    'tokens as text',
    { ...HELLO, max_tokens: '5' },
    'max_tokens',
    'invalid_type',
    "Invalid type for 'max_tokens': expected an integer, but got a string instead.",
  ],
  [
    'a list of choices',
    { ...HELLO, n: [1] },
    'n',
    'invalid_type',
    "Invalid type for 'n': expected an integer, but got an array instead.",
  ],
  [
    'five stops',
    { ...HELLO, stop: ['a', 'b', 'c', 'd', 'e'] },
    'stop',
    'invalid_value',
    "Invalid 'stop': array too long. Expected an array with maximum length 4, but got an array with length 5 instead.",
  ],
  [
    'a stop that is a number',
    { ...HELLO, stop: ['a', 1] },
    'stop[1]',
    'invalid_type',
    "Invalid type for 'stop[1]': expected a string, but got an integer instead.",
  ],
  [
    'stop as an object',
    { ...HELLO, stop: {} },
    'stop',
    'invalid_type',
    "Invalid type for 'stop': expected one of a string or array of strings, but got an object instead.",
  ],
  [
    'three choices',
    { ...HELLO, n: 3 },
    'n',
    'unsupported_value',
    "Unsupported value: 'n' does not support 3 with this model. Only 1 is supported.",
  ],
  ['no choice', { ...HELLO, n: 0 }, 'n', 'invalid_value', "Invalid 'n': integer below minimum value."],
  [
    'a seed beyond whole numbers',
    { ...HELLO, seed: 1e300 },
    'seed',
    'invalid_value',
    "Invalid 'seed': integer above maximum value.",
  ],
  [
    'a penalty above 2',
    { ...HELLO, presence_penalty: 3 },
    'presence_penalty',
    'invalid_value',
    "Invalid 'presence_penalty': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
  ],
  [
    'a logit bias',
    { ...HELLO, logit_bias: { 50256: -100 } },
    'logit_bias',
    'unsupported_parameter',
    'Unsupported parameter',
  ],
  [
    'logprobs',
    { ...HELLO, logprobs: true },
    'logprobs',
    'unsupported_value',
    "Unsupported value: 'logprobs' does not support true",
  ],
  ['top_logprobs', { ...HELLO, top_logprobs: 2 }, 'top_logprobs', 'unsupported_parameter', 'Unsupported parameter'],
  [
    'an unknown format',
    { ...HELLO, response_format: { type: 'xml' } },
    'response_format.type',
    'invalid_value',
    "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
  ],
  [
    'a spoken answer',
    { ...HELLO, modalities: ['text', 'audio'] },
    'modalities',
    'unsupported_value',
    `Unsupported value: 'modalities' does not support ["text","audio"] with this model. Only ["text"] is supported.`,
  ],
  ['a voice', { ...HELLO, audio: { voice: 'alloy' } }, 'audio', 'unsupported_parameter', 'Unsupported parameter'],
  [
    'a web search',
    { ...HELLO, web_search_options: {} },
    'web_search_options',
    'unsupported_parameter',
    'Unsupported parameter',
  ],
  [
    'an unknown effort',
    { ...HELLO, reasoning_effort: 'most' },
    'reasoning_effort',
    'invalid_value',
    "Invalid value: 'most'.",
  ],
  [
    '17 pairs of metadata',
    { ...HELLO, metadata: MANY },
    'metadata',
    'invalid_value',
    "Invalid 'metadata': too many properties.",
  ],
  [
    'a long value in metadata',
    { ...HELLO, metadata: { a: 'x'.repeat(513) } },
    'metadata.a',
    'invalid_value',
    "Invalid 'metadata.a': string too long. Expected a string with maximum length 512, but got a string with length 513",
  ],
  [
    'a long key in metadata',
    { ...HELLO, metadata: { ['k'.repeat(65)]: 'v' } },
    `metadata.${'k'.repeat(65)}`,
    'invalid_value',
    'Invalid',
  ],
  [
    'a number in metadata',
    { ...HELLO, metadata: { a: 1 } },
    'metadata.a',
    'invalid_type',
    "Invalid type for 'metadata.a'",
  ],
  [
    'a trace that is no switch',
    { ...HELLO, groundwire: { trace: 'yes' } },
    'groundwire.trace',
    'invalid_type',
    'Invalid type',
  ],
  [
    'functions, the forerunner of tools',
    { ...HELLO, functions: [{ name: 'f' }] },
    'functions',
    'unsupported_parameter',
    "Unsupported parameter: 'functions' is not supported with this model. Use 'tools'.",
  ],
  [
    'a function_call, the forerunner of tool_choice',
    { ...HELLO, function_call: { name: 'f' } },
    'function_call',
    'unsupported_parameter',
    "Unsupported parameter: 'function_call' is not supported with this model. Use 'tool_choice'.",
  ],
  [
    'a body of the Responses API',
    { model: 'operator', input: 'hi' },
    'messages',
    'missing_required_parameter',
    "Missing required parameter: 'messages'. Use POST /v1/responses",
  ],
  [
    'parallel_tool_calls as text',
    { ...HELLO, parallel_tool_calls: 'no' },
    'parallel_tool_calls',
    'invalid_type',
    "Invalid type for 'parallel_tool_calls': expected a boolean",
  ],
  [
    'a format without a type',
    { ...HELLO, response_format: {} },
    'response_format.type',
    'missing_required_parameter',
    "Missing required parameter: 'response_format.type'.",
  ],
  [
    'a format as text',
    { ...HELLO, response_format: 'json_object' },
    'response_format',
    'invalid_type',
    "Invalid type for 'response_format': expected an object",
  ],
  [
    'a JSON schema without its wrapping',
    { ...HELLO, response_format: { type: 'json_schema', name: 'a', schema: {} } },
    'response_format.json_schema',
    'missing_required_parameter',
    "Missing required parameter: 'response_format.json_schema'.",
  ],
  [
    'a format without a name',
    { ...HELLO, response_format: { type: 'json_schema', json_schema: { schema: {} } } },
    'response_format.json_schema.name',
    'missing_required_parameter',
    "Missing required parameter: 'response_format.json_schema.name'.",
  ],
  [
    'a format with a name of several words',
    { ...HELLO, response_format: { type: 'json_schema', json_schema: { name: 'my answer', schema: {} } } },
    'response_format.json_schema.name',
    'invalid_value',
    "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.",
  ],
  [
    'a JSON format without a schema',
    { ...HELLO, response_format: { type: 'json_schema', json_schema: { name: 'a' } } },
    'response_format.json_schema.schema',
    'missing_required_parameter',
    "Missing required parameter: 'response_format.json_schema.schema'.",
  ],
  [
    'a JSON schema that is none',
    { ...HELLO, response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'objekt' } } } },
    'response_format.json_schema.schema',
    'invalid_value',
    "Invalid schema for response_format 'a': type",
  ],
]

test.each(REFUSED)('§1.2 a request with %s is refused, and told why', async (_what, body, param, code, message) => {
  const gateway = await startHttp(says('never'))
  const response = await gateway.ask(body)
  const { error } = await response.json()
  expect(error).toEqual({ type: 'invalid_request_error', param, code, message: expect.any(String) })
  expect(error.message).toContain(message)
  expect(response.status).toBe(400)
  expect(gateway.orders).toEqual([])
})

test('§1.2 parameters reach the run in our own words, and unknown fields are ignored', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await gateway.ask({
    ...HELLO,
    temperature: 0,
    top_p: 1,
    max_tokens: 5,
    max_completion_tokens: 7,
    stop: '\n\n',
    seed: 4,
    presence_penalty: -2,
    frequency_penalty: 2,
    parallel_tool_calls: false,
    num_ctx: 1_000_000,
    keep_alive: -1,
    some_new_field: { a: 1 },
  })
  expect(response.status).toBe(200)
  expect(gateway.orders[0]).toMatchObject({
    stream: false,
    model: { id: 'operator' },
    parallelToolCalls: false,
    caller: 'claim:0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
  })
  expect(gateway.orders[0]?.params).toEqual({
    temperature: 0,
    topP: 1,
    maxTokens: 7,
    stop: ['\n\n'],
    seed: 4,
    presencePenalty: -2,
    frequencyPenalty: 2,
  })
})

const OPTIONAL = [
  ...['model', 'stream', 'stream_options', 'temperature', 'top_p', 'max_completion_tokens', 'max_tokens', 'stop', 'n'],
  ...[
    'seed',
    'frequency_penalty',
    'presence_penalty',
    'logit_bias',
    'logprobs',
    'top_logprobs',
    'tools',
    'tool_choice',
  ],
  ...['parallel_tool_calls', 'functions', 'function_call', 'response_format', 'reasoning_effort', 'user', 'metadata'],
  ...[
    'safety_identifier',
    'prompt_cache_key',
    'store',
    'service_tier',
    'verbosity',
    'modalities',
    'audio',
    'prediction',
  ],
  ...['web_search_options', 'groundwire'],
]

test('§1.2 null means unset for every optional field', async () => {
  const gateway = await startHttp(says('ok'))
  await gateway.ask(HELLO)
  const response = await gateway.ask({ ...HELLO, ...Object.fromEntries(OPTIONAL.map((field) => [field, null])) })
  expect(response.status).toBe(200)
  const [plain, nulled] = gateway.orders.map(({ id: _, ...order }) => order)
  expect(nulled).toEqual(plain)
})

test('§1.2 values that ask for nothing are accepted', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await gateway.ask({
    ...HELLO,
    n: 1,
    stop: [],
    tools: [],
    functions: [],
    tool_choice: 'auto',
    function_call: 'none',
    logprobs: false,
    top_logprobs: 0,
    logit_bias: {},
    response_format: { type: 'text' },
    modalities: ['text'],
    stream_options: { include_usage: true, include_obfuscation: false },
    reasoning_effort: 'low',
    store: true,
    service_tier: 'auto',
    verbosity: 'low',
    prediction: { type: 'content', content: 'x' },
    user: 'someone',
  })
  expect(response.status).toBe(200)
  expect(gateway.orders[0]).toMatchObject({ params: {}, clientTools: [], toolChoice: 'auto', format: undefined })
})

test('§1.2 the formats of an answer reach the run, and a schema comes whole', async () => {
  const gateway = await startHttp(says('{}'))
  const schema = { type: 'object', properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { type: 'string' } } }
  const json_schema = { name: 'facts', description: 'What is known.', strict: true, schema }
  await gateway.ask({ ...HELLO, response_format: { type: 'text' } })
  await gateway.ask({ ...HELLO, response_format: { type: 'json_object' } })
  await gateway.ask({ ...HELLO, response_format: { type: 'json_schema', json_schema } })
  await gateway.ask({
    ...HELLO,
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {}, strict: null, description: null } },
  })
  expect(gateway.orders.map(({ format }) => format)).toEqual([
    undefined,
    {},
    { name: 'facts', description: 'What is known.', schema },
    { name: 'a', schema: {} },
  ])
})

test('§1.2 keys that reach for prototypes are keys like any other', async () => {
  const gateway = await startHttp(says('ok'))
  const bodies = [
    `{"messages":[{"role":"user","content":"hi","__proto__":{"role":"system"}}],"__proto__":{"stream":true}}`,
    `{"messages":[{"role":"user","content":"hi"}],"metadata":{"__proto__":"a","constructor":"b"}}`,
    `{"messages":[{"role":"user","content":"hi"}],"constructor":{"prototype":{"stream":true}}}`,
  ]
  for (const body of bodies) expect((await gateway.ask(body)).status).toBe(200)
  expect(gateway.orders.map(({ stream }) => stream)).toEqual([false, false, false])
  expect({}).not.toHaveProperty('stream')
})

test('§1.2 a million wrong elements make one complaint', async () => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 10 * 1024 * 1024 } })
  const wrong = `[${'1,'.repeat(1_000_000)}1]`
  for (const body of [
    `{"messages":${wrong}}`,
    `{"messages":[{"role":"user","content":${wrong}}]}`,
    `{"messages":[1],"stop":${wrong}}`,
  ]) {
    const response = await gateway.ask(body)
    expect(response.status).toBe(400)
    expect((await response.text()).length).toBeLessThan(500)
  }
})
