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
const result = (callId: string, text: string): Message => ({ role: 'tool', callId, toolName: 'read', text })

const over = (tokens: number | undefined) =>
  new ContextLengthError({
    limitTokens: tokens === undefined ? undefined : 10_000,
    promptTokens: 10_000 + (tokens ?? 0),
  })
const A_LOT = 1_000_000

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
  result('d', LONG),
]
const changed = (now: readonly Message[] | null, before = history) =>
  now?.flatMap((message, at) => (message === before[at] ? [] : [at]))

test('only as much goes as has to, the oldest first', () => {
  const first = shortenResults(history, over(-900))
  expect(changed(first)).toEqual([2])
  expect(first?.[2]?.text.length).toBeGreaterThan(1_500) // 124 tokens were wanted
  expect(changed(shortenResults(history, over(-500)))).toEqual([2, 6])
  expect(changed(shortenResults(history, over(A_LOT)))).toEqual([2, 6, 8])
})

test('the question, the calls, and what the caller has just sent stay whole', () => {
  const shortened = shortenResults(history, over(A_LOT))
  expect(shortened?.[8]?.text).toBe('{"summary":"short"}')
  expect(shortened?.[9]).toBe(history[9])
  expect(shortened?.map(({ role }) => role)).toEqual(history.map(({ role }) => role))
  expect(shortenResults(shortened ?? [], over(A_LOT))).toBeNull()
})

test('a backend that does not say how much is too much is asked again after each range', () => {
  const first = shortenResults(history, over(undefined))
  const second = shortenResults(first ?? [], over(undefined))
  const third = shortenResults(second ?? [], over(undefined))
  expect([changed(first), changed(second), changed(third)]).toEqual([[2], [2, 6], [2, 6, 8]])
  expect(shortenResults(third ?? [], over(undefined))).toBeNull()
})

test('what is short already stays', () => {
  expect(shortenResults([asked('q'), called('a'), result('a', 'short'), called('b')], over(A_LOT))).toBeNull()
})
