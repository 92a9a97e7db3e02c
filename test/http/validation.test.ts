import fc from 'fast-check'
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
    "Invalid 'presence_penalty': integer above maximum value.",
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
    'tools of the caller',
    { ...HELLO, tools: [{ type: 'function', function: { name: 'f' } }] },
    'tools',
    'unsupported_parameter',
    "Unsupported parameter: 'tools' is not supported with this model.",
  ],
  [
    'a tool choice without tools',
    { ...HELLO, tool_choice: 'required' },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
  ],
  [
    'a named tool choice without tools',
    { ...HELLO, tools: [], tool_choice: { type: 'function', function: { name: 'f' } } },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice'",
  ],
  [
    'functions',
    { ...HELLO, functions: [{ name: 'f' }] },
    'functions',
    'unsupported_parameter',
    'Unsupported parameter',
  ],
  [
    'a function call',
    { ...HELLO, function_call: { name: 'f' } },
    'function_call',
    'unsupported_parameter',
    'Unsupported',
  ],
  [
    'a JSON answer',
    { ...HELLO, response_format: { type: 'json_object' } },
    'response_format',
    'unsupported_value',
    "Unsupported value: 'response_format' does not support 'json_object' with this model. Only 'text' is supported.",
  ],
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
    'Unsupported value',
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
]

test.each(REFUSED)('a request with %s is refused, and told why', async (_what, body, param, code, message) => {
  const gateway = await startHttp(says('never'))
  const response = await gateway.ask(body)
  const { error } = await response.json()
  expect(error).toEqual({ type: 'invalid_request_error', param, code, message: expect.any(String) })
  expect(error.message).toContain(message)
  expect(response.status).toBe(400)
  expect(gateway.orders).toEqual([])
})

test('a million wrong elements make one complaint, quickly', async () => {
  const gateway = await startHttp(says('never'), { bodyLimitBytes: 10 * 1024 * 1024 })
  const wrong = `[${'1,'.repeat(1_000_000)}1]`
  for (const body of [
    `{"messages":${wrong}}`,
    `{"messages":[{"role":"user","content":${wrong}}]}`,
    `{"messages":[1],"stop":${wrong}}`,
  ]) {
    const heapBefore = process.memoryUsage().heapUsed
    const response = await gateway.ask(body)
    expect(response.status).toBe(400)
    expect((await response.text()).length).toBeLessThan(500)
    expect(process.memoryUsage().heapUsed - heapBefore).toBeLessThan(150 * 1024 * 1024)
  }
})

test('no body, however it is bent, is a 500 or leaves the envelope', async () => {
  const gateway = await startHttp(says('ok'))
  await fc.assert(
    fc.asyncProperty(bentBody, async (body) => {
      const response = await gateway.ask(body)
      const reply = await response.json()
      expect([200, 400, 404]).toContain(response.status)
      if (response.status === 200) return
      expect(reply).toEqual({
        error: {
          message: expect.any(String),
          type: 'invalid_request_error',
          param: reply.error.param === null ? null : expect.any(String),
          code: reply.error.code === null ? null : expect.any(String),
        },
      })
      expect(reply.error.message.length).toBeLessThan(2_000)
    }),
    { numRuns: 400 },
  )
})

/** A sound request that uses every field, with some of its values replaced by anything. */
const SOUND = {
  model: 'operator',
  messages: [
    { role: 'system', content: [{ type: 'text', text: 's' }] },
    { role: 'user', content: 'u' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: 'r' },
  ],
  temperature: 1,
  top_p: 1,
  max_tokens: 1,
  stop: ['a'],
  n: 1,
  seed: 1,
  logit_bias: {},
  tools: [],
  tool_choice: 'auto',
  response_format: { type: 'text' },
  modalities: ['text'],
  metadata: { a: 'b' },
  groundwire: { trace: false },
}

const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('developer', 'tool', 'assistant', 'image_url', '__proto__', 1e308, -1, 0, '', {}, [], [[]], [null]),
)

const bentBody = fc
  .array(fc.tuple(fc.nat(), anything, fc.boolean()), { minLength: 1, maxLength: 3 })
  .map((bends) => bends.reduce<unknown>((body, [at, value, drop]) => bend(body, at, value, drop), SOUND))

/** Replaces, or leaves out, the value at the `at`-th place of a tree. */
function bend(body: unknown, at: number, value: unknown, drop: boolean): unknown {
  let left = at % countValues(body)
  return walk(body)

  function walk(node: unknown): unknown {
    if (left-- === 0) return value
    if (Array.isArray(node)) return node.map(walk)
    if (typeof node !== 'object' || node === null) return node
    const fields = Object.entries(node).flatMap(([key, child]) => (drop && left === 0 ? skip() : [[key, walk(child)]]))
    return Object.fromEntries(fields)
  }

  function skip(): [] {
    left--
    return []
  }
}

function countValues(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 1
  return Object.values(node).reduce<number>((sum, child) => sum + countValues(child), 1)
}
