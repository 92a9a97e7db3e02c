import { expect, test } from 'vitest'
import type { Message } from '../../src/messages.ts'
import { responsesOf } from '../support/ask-responses.ts'
import { says, startHttp } from '../support/http-gateway.ts'

const call = (id: string, name = 'f') => ({ type: 'function_call', call_id: id, name, arguments: '{}' })
const output = (id: string, text: unknown = 'done') => ({ type: 'function_call_output', call_id: id, output: text })
const user = (text: string): Message => ({ role: 'user', text })

/** The messages that reach the run. */
async function messagesOf(input: unknown, rest: object = {}): Promise<readonly Message[]> {
  const gateway = await startHttp(says('hi'))
  const reply = await responsesOf(gateway).create({ input, ...rest })
  expect(reply.body).toMatchObject({ status: 'completed' })
  return gateway.orders[0]?.messages ?? []
}

async function refusalOf(input: unknown): Promise<unknown> {
  const gateway = await startHttp(says('never'))
  const reply = await responsesOf(gateway).create({ input })
  expect(reply.status).toBe(400)
  expect(gateway.orders).toEqual([])
  return reply.body.error
}

test('§2 messages come with or without their type, as a string or in parts', async () => {
  expect(
    await messagesOf([
      { role: 'user', content: 'one' },
      {
        type: 'message',
        role: 'user',
        content: [
          { type: 'input_text', text: 'two' },
          { type: 'text', text: 'three' },
        ],
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'four', annotations: [] }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'five' }] },
      { role: 'user', content: '' },
    ]),
  ).toEqual([
    user('one'),
    user('two\nthree'),
    { role: 'assistant', text: 'four', toolCalls: [] },
    { role: 'assistant', text: 'five', toolCalls: [] },
    user(''),
  ])
})

test('§2 instructions and the system and developer messages are merged into one in front', async () => {
  expect(
    await messagesOf(
      [
        { role: 'developer', content: 'second' },
        { role: 'user', content: 'hello' },
        { role: 'system', content: 'third' },
      ],
      { instructions: 'first' },
    ),
  ).toEqual([{ role: 'system', text: 'first\n\nsecond\n\nthird' }, user('hello')])
})

test('§2 calls that stand together are of one step, with the text before them', async () => {
  expect(
    await messagesOf([
      { role: 'user', content: 'go' },
      { role: 'assistant', content: 'Wait.' },
      call('a'),
      call('b'),
      output('b', 'B'),
      output('a', [{ type: 'input_text', text: 'A' }]),
      call('a'),
      output('a', 'again'),
    ]),
  ).toEqual([
    user('go'),
    {
      role: 'assistant',
      text: 'Wait.',
      toolCalls: [
        { id: 'a', name: 'f', argumentsText: '{}' },
        { id: 'b', name: 'f', argumentsText: '{}' },
      ],
    },
    { role: 'tool', callId: 'a', toolName: 'f', text: 'A' },
    { role: 'tool', callId: 'b', toolName: 'f', text: 'B' },
    { role: 'assistant', text: '', toolCalls: [{ id: 'a', name: 'f', argumentsText: '{}' }] },
    { role: 'tool', callId: 'a', toolName: 'f', text: 'again' },
  ])
})

test('§2 a result is put behind its call, where agents let something stand between them', async () => {
  expect(await messagesOf([call('a'), { role: 'user', content: 'hurry' }, output('a')])).toEqual([
    { role: 'assistant', text: '', toolCalls: [{ id: 'a', name: 'f', argumentsText: '{}' }] },
    { role: 'tool', callId: 'a', toolName: 'f', text: 'done' },
    user('hurry'),
  ])
})

test('§2 reasoning of other models is left out', async () => {
  expect(
    await messagesOf([
      { role: 'user', content: 'hello' },
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'x' },
    ]),
  ).toEqual([user('hello')])
})

test('§2 a call without a result is refused in the words of OpenAI', async () => {
  expect(await refusalOf([call('call_1'), { role: 'user', content: 'x' }])).toEqual({
    message: 'No tool output found for function call call_1.',
    type: 'invalid_request_error',
    param: 'input',
    code: null,
  })
})

test('§2 a result without a call is refused in the words of OpenAI', async () => {
  expect(await refusalOf([{ role: 'user', content: 'x' }, output('call_1')])).toEqual({
    message: 'No tool call found for function call output with call_id call_1.',
    type: 'invalid_request_error',
    param: 'input',
    code: null,
  })
})

test.each([
  ['a result before its call', [output('a'), call('a')], /^No tool call found/],
  ['two results of one call', [call('a'), output('a'), output('a')], /^No tool call found/],
  ['one id for two calls at once', [call('a'), call('a'), output('a')], /^Duplicate function call/],
])('§2 %s is refused', async (_what, input, message) => {
  expect(await refusalOf(input)).toMatchObject({ param: 'input', message: expect.stringMatching(message) })
})

test.each([
  ['input_image', { image_url: 'https://example.org/a.png' }],
  ['input_file', { file_id: 'f' }],
  ['input_audio', {}],
  ['video_url', {}],
])('§2 %s is refused by its place, and nothing is fetched', async (type, part) => {
  expect(
    await refusalOf([
      { role: 'user', content: 'x' },
      { role: 'user', content: [{ type, ...part }] },
    ]),
  ).toMatchObject({ param: 'input[1].content[0]', code: 'unsupported_value', message: expect.stringContaining(type) })
})

test.each([
  ['an unknown role', [{ role: 'robot', content: 'x' }], 'input[0].role'],
  ['no content', [{ role: 'user' }], 'input[0].content'],
  ['an unknown part', [{ role: 'user', content: [{ type: 'poem' }] }], 'input[0].content[0].type'],
  ['an item that is no object', ['hello'], 'input[0]'],
  ['a call without an id', [{ ...call('a'), call_id: null }], 'input[0].call_id'],
  ['arguments that are no text', [{ ...call('a'), arguments: {} }], 'input[0].arguments'],
  ['a result without content', [call('a'), { type: 'function_call_output', call_id: 'a' }], 'input[1].output'],
])('§2 %s is refused by its place', async (_what, input, param) => {
  expect(await refusalOf(input)).toMatchObject({ param, type: 'invalid_request_error' })
})
