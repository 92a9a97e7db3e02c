import { expect, test } from 'vitest'
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

const lengths = (messages: readonly Message[] | null) => messages?.map(({ text }) => text.length)

test('the results of earlier questions go first, then those of earlier steps, then the latest', () => {
  const history = [
    asked(LONG),
    called('a'),
    result('a', LONG),
    { role: 'assistant', text: LONG, toolCalls: [] } as const,
    asked(LONG),
    called('b'),
    result('b', LONG),
    called('c'),
    result('c', JSON.stringify({ summary: 'short', result: LONG })),
  ]
  const first = shortenResults(history)
  const second = shortenResults(first ?? [])
  const third = shortenResults(second ?? [])
  const changed = [first, second, third].map((now, step) =>
    now?.flatMap((message, at) => (message === ([history, first, second][step] ?? [])[at] ? [] : [at])),
  )
  expect(changed).toEqual([[2], [6], [8]])
  expect(third?.[8]?.text).toBe('{"summary":"short"}')
  expect(lengths(third)?.filter((length) => length >= 2_000)).toHaveLength(3) // the questions and the earlier answer
  expect(shortenResults(third ?? [])).toBeNull()
})

test('calls keep their arguments, and results their places', () => {
  const history = [asked('q'), called('a'), result('a', LONG)]
  expect(shortenResults(history)?.map(({ role }) => role)).toEqual(['user', 'assistant', 'tool'])
  expect(shortenResults(history)?.[1]).toBe(history[1])
})

test('what is short already stays', () => {
  expect(shortenResults([asked('q'), called('a'), result('a', 'short')])).toBeNull()
})
