import { expect, test } from 'vitest'
import { ContextLengthError } from '../errors.ts'
import type { Message } from '../messages.ts'
import { shortenResults } from './shorten-results.ts'

const LONG = 'x'.repeat(2_000)
const asked = (text: string): Message => ({ role: 'user', text })
const called = (id: string): Message => ({
  role: 'assistant',
  text: '',
  toolCalls: [{ id, name: 'read', argumentsText: '{}' }],
})
const result = (callId: string, text: string, toolName = 'nonce'): Message => ({ role: 'tool', callId, toolName, text })

const over = (tokens: number | undefined) =>
  new ContextLengthError({
    limitTokens: tokens === undefined ? undefined : 10_000,
    promptTokens: 10_000 + (tokens ?? 0),
  })
const A_LOT = 1_000_000
const shortenBy = (messages: readonly Message[], error: ContextLengthError, attempt = 1) =>
  shortenResults(messages, { error, attempt, serverTools: [{ name: 'nonce' }] })

const ours = JSON.stringify({ summary: 'short', result: LONG })
const history: Message[] = [
  asked(LONG),
  called('a'),
  result('a', LONG),
  { role: 'assistant', text: LONG, toolCalls: [] },
  asked(LONG),
  called('b'),
  result('b', LONG),
  called('c'),
  result('c', ours),
  result('d', ours, 'read'), // the caller's, however it looks
]
const changed = (now: readonly Message[] | null, before = history) =>
  now?.flatMap((message, at) => (message === before[at] ? [] : [at]))

test('only as much goes as has to, the oldest first', () => {
  const first = shortenBy(history, over(-900))
  expect(changed(first)).toEqual([2])
  expect(first?.[2]?.text.length).toBeGreaterThan(1_500) // 124 tokens were wanted
  expect(changed(shortenBy(history, over(-500)))).toEqual([2, 6])
  expect(changed(shortenBy(history, over(A_LOT)))).toEqual([2, 6, 8])
})

test('the question, the calls, and what the caller has just sent stay whole', () => {
  const shortened = shortenBy(history, over(A_LOT))
  expect(shortened?.[8]?.text).toBe('{"summary":"short"}')
  expect(shortened?.[9]).toBe(history[9])
  expect(shortened?.map(({ role }) => role)).toEqual(history.map(({ role }) => role))
  expect(shortenBy(shortened ?? [], over(A_LOT))).toBeNull()
})

test('a backend that does not say how much is too much is asked again after each range, and then with all cut', () => {
  const first = shortenBy(history, over(undefined))
  const second = shortenBy(first ?? [], over(undefined), 2)
  expect([changed(first), changed(second)]).toEqual([[2], [2, 6]])
  expect(changed(shortenBy(history, over(undefined), 3))).toEqual([2, 6, 8])
  expect(changed(shortenBy(history, over(1), 3))).toEqual([2, 6, 8])
})

test('what is short already stays', () => {
  expect(shortenBy([asked('q'), called('a'), result('a', 'short'), called('b')], over(A_LOT))).toBeNull()
})
