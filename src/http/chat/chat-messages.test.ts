import { expect, test } from 'vitest'
import { BadRequestError } from '../../errors.ts'
import { toMessages } from './chat-messages.ts'

const USER = { role: 'user', content: 'hello' }
const call = (id: string, name = 'balance') => ({ id, type: 'function', function: { name, arguments: '{"a":1}' } })
const calls = (...ids: string[]) => ({ role: 'assistant', content: null, tool_calls: ids.map((id) => call(id)) })
const answer = (id: string) => ({ role: 'tool', tool_call_id: id, content: 'result' })

function complaint(messages: readonly unknown[]): { message: string; param: string | null; code: string | null } {
  try {
    toMessages(messages)
  } catch (error) {
    if (error instanceof BadRequestError) return { message: error.message, param: error.param, code: error.code }
    throw error
  }
  throw new Error('nothing to complain about')
}

test('system and developer texts, wherever they stand, become one system message in front', () => {
  const messages = [
    { role: 'system', content: 'one' },
    USER,
    { role: 'developer', content: [{ type: 'text', text: 'two' }] },
    { role: 'system', content: '' },
  ]
  expect(toMessages(messages)).toEqual([
    { role: 'system', text: 'one\n\ntwo' },
    { role: 'user', text: 'hello' },
  ])
})

test('user turns stay apart, and the text parts of a message are its lines', () => {
  const parts = [
    { type: 'text', text: 'a' },
    { type: 'input_text', text: 'b' },
  ]
  expect(
    toMessages([
      { role: 'user', content: parts, name: 'ann' },
      { role: 'user', content: '' },
    ]),
  ).toEqual([
    { role: 'user', text: 'a\nb' },
    { role: 'user', text: '' },
  ])
})

test('a history of tool calls comes through, with each result named after its call', () => {
  const foreign = `chatcmpl-tool-${'x'.repeat(90)}/é`
  expect(toMessages([USER, calls('a', foreign), answer(foreign), answer('a'), USER])).toEqual([
    { role: 'user', text: 'hello' },
    {
      role: 'assistant',
      text: '',
      toolCalls: [
        { id: 'a', name: 'balance', argumentsText: '{"a":1}' },
        { id: foreign, name: 'balance', argumentsText: '{"a":1}' },
      ],
    },
    { role: 'tool', callId: foreign, toolName: 'balance', text: 'result' },
    { role: 'tool', callId: 'a', toolName: 'balance', text: 'result' },
    { role: 'user', text: 'hello' },
  ])
})

test('call ids are unique within one assistant message only', () => {
  expect(toMessages([calls('a'), answer('a'), calls('a'), answer('a')])).toHaveLength(4)
})

test('a refusal is text the assistant has said', () => {
  const parts = [{ type: 'refusal', refusal: 'no' }]
  expect(toMessages([{ role: 'assistant', content: null, refusal: 'I cannot.' }])[0]).toMatchObject({
    text: 'I cannot.',
  })
  expect(toMessages([{ role: 'assistant', content: parts }])[0]).toMatchObject({ text: 'no' })
})

test('an empty list of calls is none, echoes of other providers are ignored, and the assistant may speak last', () => {
  const message = { role: 'assistant', content: 'hi', tool_calls: [], reasoning_content: 'hm', annotations: [] }
  expect(toMessages([USER, message])[1]).toEqual({ role: 'assistant', text: 'hi', toolCalls: [] })
})

test('a result without a call before it is refused in the words clients match on', () => {
  const expected = {
    message:
      "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
    code: null,
  }
  expect(complaint([answer('a')])).toEqual({ ...expected, param: 'messages[0].role' })
  expect(complaint([calls('a'), answer('a'), USER, answer('a')])).toEqual({ ...expected, param: 'messages[3].role' })
  expect(complaint([calls('a'), answer('b')])).toEqual({ ...expected, param: 'messages[1].role' })
})

test('a call that is never answered is refused in the words clients match on', () => {
  const message =
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: b"
  expect(complaint([USER, calls('a', 'b'), answer('a'), USER])).toEqual({ message, param: 'messages[1]', code: null })
  expect(complaint([calls('a', 'b'), answer('a')])).toEqual({ message, param: 'messages[0]', code: null })
})

test('a call made twice, or answered twice, is refused', () => {
  expect(complaint([calls('a', 'a'), answer('a')])).toMatchObject({ param: 'messages[0].tool_calls' })
  expect(complaint([calls('a', 'b'), answer('a'), answer('a')])).toMatchObject({ param: 'messages[2]' })
})

test.each(['image_url', 'input_image', 'input_audio', 'file', 'computer_screenshot'])(
  'a part of type %s is refused by its position',
  (type) => {
    const content = [
      { type: 'text', text: 'see' },
      { type, [type]: { url: 'http://169.254.169.254/' } },
    ]
    expect(complaint([USER, { role: 'user', content }])).toEqual({
      message: `Unsupported value: 'messages[1].content[1]' does not support '${type}' with this model. Only 'text' is supported.`,
      param: 'messages[1].content[1]',
      code: 'unsupported_value',
    })
  },
)

const REFUSED: [what: string, message: unknown, param: string, code: string][] = [
  ['that is null', null, 'messages[0]', 'invalid_type'],
  ['without a role', { content: 'x' }, 'messages[0].role', 'missing_required_parameter'],
  ['of an unknown role', { role: 'robot', content: 'x' }, 'messages[0].role', 'invalid_value'],
  ['of the role function', { role: 'function', name: 'f', content: 'x' }, 'messages[0].role', 'unsupported_value'],
  ['without content', { role: 'user' }, 'messages[0].content', 'missing_required_parameter'],
  ['with a null content', { role: 'user', content: null }, 'messages[0].content', 'invalid_type'],
  ['with a number for content', { role: 'user', content: 3 }, 'messages[0].content', 'invalid_type'],
  ['with no parts', { role: 'user', content: [] }, 'messages[0].content', 'invalid_value'],
  ['with a part that is text', { role: 'user', content: ['x'] }, 'messages[0].content[0]', 'invalid_type'],
  [
    'with a part without text',
    { role: 'user', content: [{ type: 'text' }] },
    'messages[0].content[0].text',
    'missing_required_parameter',
  ],
  [
    'with an unknown part',
    { role: 'user', content: [{ type: 'odour' }] },
    'messages[0].content[0].type',
    'invalid_value',
  ],
  [
    'of a user who refuses',
    { role: 'user', content: [{ type: 'refusal', refusal: 'no' }] },
    'messages[0].content[0].type',
    'invalid_value',
  ],
  ['of an assistant who said nothing', { role: 'assistant', content: null }, 'messages[0].content', 'invalid_type'],
  [
    'of an assistant with an old function call',
    { role: 'assistant', content: null, function_call: { name: 'f' } },
    'messages[0].function_call',
    'unsupported_parameter',
  ],
  [
    'with a call that has no id',
    { role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: '' } }] },
    'messages[0].tool_calls[0].id',
    'missing_required_parameter',
  ],
  [
    'with a call whose arguments are an object',
    { role: 'assistant', tool_calls: [{ id: 'a', function: { name: 'f', arguments: {} } }] },
    'messages[0].tool_calls[0].function.arguments',
    'invalid_type',
  ],
  [
    'with a custom call',
    { role: 'assistant', tool_calls: [{ id: 'a', type: 'custom', custom: {} }] },
    'messages[0].tool_calls[0].type',
    'invalid_value',
  ],
  [
    'of a tool without a call id',
    { role: 'tool', content: 'x' },
    'messages[0].tool_call_id',
    'missing_required_parameter',
  ],
]

test.each(REFUSED)('a message %s is refused by its position', (_what, message, param, code) => {
  expect(complaint([message])).toMatchObject({ param, code })
})

test('the words for an unknown role list those there are', () => {
  expect(complaint([{ role: 'robot', content: 'x' }]).message).toBe(
    "Invalid value: 'robot'. Supported values are: 'system', 'developer', 'user', 'assistant', and 'tool'.",
  )
})
