import { expect, test } from 'vitest'
import type { ClientTool } from '../messages.ts'
import { checkClientCall } from './check-client-call.ts'

const tool = (strict: boolean): ClientTool => ({
  name: 'move',
  description: '',
  parameters: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'], additionalProperties: false },
  strict,
})
const call = (argumentsText: string) => ({ id: 'call_1', name: 'move', argumentsText })

test('arguments that are JSON stay as the model wrote them', () => {
  const written = call('{ "to":  "b2" }')
  expect(checkClientCall(written, tool(true))).toEqual({ call: written })
})

test.each([
  ['', '{}'],
  ["{'to': 'b2'}", '{"to":"b2"}'],
  ['```json\n{"to":"b2",}\n```', '{"to":"b2"}'],
  ['"{\\"to\\":\\"b2\\"}"', '{"to":"b2"}'],
])('arguments written as %j become JSON', (written, json) => {
  expect(checkClientCall(call(written), tool(false))).toMatchObject({ call: { argumentsText: json } })
})

test('arguments that are no object are a fault', () => {
  expect(checkClientCall(call('b2'), tool(false))).toEqual({ fault: 'The arguments are not a JSON object.' })
  expect(checkClientCall(call('[1]'), tool(false))).toHaveProperty('fault')
})

test('a strict tool is called with arguments that fit its schema or not at all; any other takes them as they are', () => {
  expect(checkClientCall(call('{"from":"a1"}'), tool(true))).toEqual({ fault: expect.stringContaining('"to"') })
  expect(checkClientCall(call('{"from":"a1"}'), tool(false))).toHaveProperty('call')
})
