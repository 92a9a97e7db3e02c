import { expect, test } from 'vitest'
import { HELLO, says, startHttp } from '../support/http-gateway.ts'

const USER = { role: 'user', content: 'hello' }
const call = (id: string) => ({ id, type: 'function', function: { name: 'balance', arguments: '{"a":1}' } })
const asks = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map(call) })
const answers = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'result' })

type Accepted = [what: string, messages: readonly unknown[], expected: readonly object[]]

const ACCEPTED: Accepted[] = [
  [
    'system and developer texts, wherever they stand, become one system message in front',
    [{ role: 'system', content: 'a' }, USER, { role: 'developer', content: [{ type: 'text', text: 'b' }] }],
    [
      { role: 'system', text: 'a\n\nb' },
      { role: 'user', text: 'hello' },
    ],
  ],
  [
    'text parts are lines of one message, also under the names of the Responses API',
    [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'a' },
          { type: 'input_text', text: 'b' },
        ],
      },
    ],
    [{ role: 'user', text: 'a\nb' }],
  ],
  [
    'several user messages stay apart, and names of speakers are no part of what they say',
    [
      { ...USER, name: 'ann' },
      { ...USER, name: 'bob' },
    ],
    [
      { role: 'user', text: 'hello' },
      { role: 'user', text: 'hello' },
    ],
  ],
  [
    'empty contents are legal',
    [
      { role: 'system', content: '' },
      { role: 'user', content: '' },
      { role: 'assistant', content: '' },
    ],
    [
      { role: 'user', text: '' },
      { role: 'assistant', text: '', toolCalls: [] },
    ],
  ],
  [
    'a single empty system message is still a message',
    [{ role: 'system', content: '' }],
    [{ role: 'system', text: '' }],
  ],
  [
    'content may be null or absent beside tool calls, and results are told by the name of their tool',
    [USER, asks('a', 'b'), answers('b'), answers('a'), { role: 'assistant', tool_calls: [call('a')] }, answers('a')],
    [
      { role: 'user', text: 'hello' },
      {
        role: 'assistant',
        text: '',
        toolCalls: [
          { id: 'a', name: 'balance', argumentsText: '{"a":1}' },
          { id: 'b', name: 'balance', argumentsText: '{"a":1}' },
        ],
      },
      { role: 'tool', callId: 'b', toolName: 'balance', text: 'result' },
      { role: 'tool', callId: 'a', toolName: 'balance', text: 'result' },
      { role: 'assistant', text: '', toolCalls: [{ id: 'a', name: 'balance', argumentsText: '{"a":1}' }] },
      { role: 'tool', callId: 'a', toolName: 'balance', text: 'result' },
    ],
  ],
  [
    'a refusal is what the assistant has said',
    [
      { role: 'assistant', content: null, refusal: 'I cannot.' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
    ],
    [
      { role: 'assistant', text: 'I cannot.', toolCalls: [] },
      { role: 'assistant', text: 'no', toolCalls: [] },
    ],
  ],
  [
    'what other providers put beside a message is ignored, and an empty list of calls is none',
    [
      {
        role: 'assistant',
        content: 'hi',
        tool_calls: [],
        function_call: null,
        audio: null,
        refusal: null,
        reasoning_content: 'hm',
        reasoning_details: [{ type: 'reasoning.text', text: 'hm' }],
        annotations: [],
        cache_control: { type: 'ephemeral' },
      },
      { role: 'assistant', content: 'ho', tool_calls: null },
    ],
    [
      { role: 'assistant', text: 'hi', toolCalls: [] },
      { role: 'assistant', text: 'ho', toolCalls: [] },
    ],
  ],
  [
    'the assistant may speak last',
    [USER, { role: 'assistant', content: 'It is' }],
    [
      { role: 'user', text: 'hello' },
      { role: 'assistant', text: 'It is', toolCalls: [] },
    ],
  ],
  [
    'ids of calls may be of any length and make',
    [asks(`chatcmpl-tool-${'x'.repeat(90)}/é`), answers(`chatcmpl-tool-${'x'.repeat(90)}/é`)],
    [
      expect.objectContaining({ role: 'assistant' }),
      expect.objectContaining({ callId: `chatcmpl-tool-${'x'.repeat(90)}/é` }),
    ],
  ],
  [
    'ids that reach for prototypes are ids like any other',
    [asks('__proto__', 'constructor'), answers('constructor'), answers('__proto__')],
    [
      expect.objectContaining({ role: 'assistant' }),
      expect.objectContaining({ callId: 'constructor' }),
      expect.objectContaining({ callId: '__proto__' }),
    ],
  ],
  [
    'arguments of earlier calls come through as they were, also broken',
    [
      { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"a":' } }] },
      { role: 'tool', tool_call_id: 'a', content: [{ type: 'text', text: 'bad arguments' }] },
    ],
    [
      { role: 'assistant', text: '', toolCalls: [{ id: 'a', name: 'f', argumentsText: '{"a":' }] },
      { role: 'tool', callId: 'a', toolName: 'f', text: 'bad arguments' },
    ],
  ],
]

test.each(ACCEPTED)('§1.3 %s', async (_what, messages, expected) => {
  const gateway = await startHttp(says('ok'))
  expect((await gateway.ask({ messages })).status).toBe(200)
  expect(gateway.orders[0]?.messages).toEqual(expected)
})

const ORPHAN =
  "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
const UNANSWERED =
  "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: b"
const media = (type: string) => ({
  role: 'user',
  content: [
    { type: 'text', text: 'see' },
    { type, [type]: { url: 'http://169.254.169.254/' } },
  ],
})
const noMedia = (type: string) =>
  `Unsupported value: 'messages[1].content[1]' does not support '${type}' with this model. Only 'text' is supported.`

type Refused = [what: string, messages: readonly unknown[], param: string, code: string | null, message: string]

const REFUSED: Refused[] = [
  ['a result that answers no call', [answers('a')], 'messages[0].role', null, ORPHAN],
  ['a result under another id', [asks('a'), answers('b')], 'messages[1].role', null, ORPHAN],
  [
    'a result after the turn has passed',
    [asks('a'), answers('a'), USER, answers('a')],
    'messages[3].role',
    null,
    ORPHAN,
  ],
  ['a call that is not answered', [asks('a', 'b'), answers('a')], 'messages[0]', null, UNANSWERED],
  ['a call that is passed over', [asks('a', 'b'), answers('a'), USER], 'messages[0]', null, UNANSWERED],
  [
    'a result given twice',
    [asks('a', 'b'), answers('a'), answers('a')],
    'messages[2]',
    'invalid_value',
    "Duplicate value for 'tool_call_id' of 'a' in messages[2].",
  ],
  [
    'the role function',
    [{ role: 'function', name: 'f', content: 'x' }],
    'messages[0].role',
    'unsupported_value',
    "Unsupported value: 'messages[0].role' does not support 'function' with this model. Use 'tools', and the role 'tool' for their results.",
  ],
  [
    'a function_call of old',
    [{ role: 'assistant', content: null, function_call: { name: 'f', arguments: '' } }],
    'messages[0].function_call',
    'unsupported_parameter',
    "Unsupported parameter: 'function_call' is not supported. Use 'tool_calls'.",
  ],
  [
    'a role there is not',
    [{ role: 'robot', content: 'x' }],
    'messages[0].role',
    'invalid_value',
    "Invalid value: 'robot'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.",
  ],
  [
    'an assistant who says nothing',
    [{ role: 'assistant', content: null }],
    'messages[0].content',
    'invalid_type',
    "Invalid type for 'messages[0].content': expected one of a string or array of objects, but got null instead.",
  ],
  ...['image_url', 'input_image', 'input_audio', 'file'].map(
    (type): Refused => [
      `a part of type ${type}`,
      [USER, media(type)],
      'messages[1].content[1]',
      'unsupported_value',
      noMedia(type),
    ],
  ),
]

test.each(REFUSED)('§1.3 %s is refused by its position', async (_what, messages, param, code, message) => {
  const gateway = await startHttp(says('never'))
  const response = await gateway.ask({ messages })
  expect(response.status).toBe(400)
  expect((await response.json()).error).toEqual({ message, type: 'invalid_request_error', param, code })
  expect(gateway.orders).toEqual([])
})

test('§1.3 a body of 10 MB of small messages costs little more to read than one of few large ones', async () => {
  const gateway = await startHttp(says('ok'), { settings: { bodyLimitBytes: 10 * 1024 * 1024 } })
  const small = Array.from({ length: 30_000 }, (_, index) => ({
    role: index % 2 ? 'assistant' : 'user',
    content: 'x'.repeat(280),
  }))
  const large = [{ role: 'user', content: 'x'.repeat(9_000_000) }]
  const [largeMs, smallMs] = [await measured(large), await measured(small)]
  expect(smallMs).toBeLessThan(10 * largeMs + 500)
  expect(gateway.orders.map(({ messages }) => messages.length)).toEqual([1, 30_000])

  /** Milliseconds of the CPU's time, as those of the clock are also other processes'. */
  async function measured(messages: readonly unknown[]): Promise<number> {
    const body = JSON.stringify({ ...HELLO, messages })
    const before = process.cpuUsage()
    expect((await gateway.ask(body)).status).toBe(200)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1_000
  }
})
