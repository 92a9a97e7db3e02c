import { expect, test } from 'vitest'
import { completed, idleModel } from '../../test/support/http-gateway.ts'
import type { Journal } from '../runs/journal.ts'
import type { ExecuteRun, RunEvent, RunOrder } from '../runs/run.ts'
import { type ObserveRun, observeRuns, type RunEnd } from './observe-runs.ts'

const ORDER = { id: 'run_1', model: idleModel('operator') } as unknown as RunOrder
const CALL = { id: 'call_1', name: 'balance', argumentsText: '{}' }
const RESULT = { ok: true, text: '{}', summary: 'It is 1.', output: {}, blocks: [] } as const
const USAGE = { promptTokens: 1, completionTokens: 2 }
const EVENTS: readonly RunEvent[] = [
  { type: 'step_started', step: 1 },
  { type: 'step_finished', step: 1, usage: USAGE },
  { type: 'tool_started', step: 1, call: CALL },
  { type: 'tool_finished', step: 1, call: CALL, result: RESULT },
  { type: 'step_started', step: 2 },
  { type: 'text', text: 'one ' },
  { type: 'text', text: 'ether' },
  { type: 'step_finished', step: 2, usage: USAGE },
  completed(),
]

test('an observer hears all but the text, and the end once; the run is told unchanged', async () => {
  const { heard, ends, observe } = listener()
  const told = await toArray(observeRuns(tellsAll(EVENTS), [observe])(ORDER, new AbortController().signal))
  expect(told).toEqual(EVENTS)
  expect(heard.map(({ type }) => type)).toEqual(EVENTS.map(({ type }) => type).filter((type) => type !== 'text'))
  expect(heard.some(({ isReplayed }) => isReplayed)).toBe(false)
  expect(ends).toEqual([{ type: 'completed' }])
})

test('a run that throws ends as failed, with its error', async () => {
  const error = new Error('no backend')
  const { ends, observe } = listener()
  const run = observeRuns(
    async function* () {
      yield { type: 'step_started', step: 1 } as const
      throw error
    },
    [observe],
  )
  await expect(toArray(run(ORDER, new AbortController().signal))).rejects.toBe(error)
  expect(ends).toEqual([{ type: 'failed', error }])
})

test('a run that throws because its signal has fired was left', async () => {
  const caller = new AbortController()
  const { ends, observe } = listener()
  const run = observeRuns(
    async function* (_order, signal) {
      yield { type: 'step_started', step: 1 } as const
      signal.throwIfAborted()
    },
    [observe],
  )
  const iterator = run(ORDER, caller.signal)[Symbol.asyncIterator]()
  await iterator.next()
  caller.abort('gone')
  await expect(iterator.next()).rejects.toBe('gone')
  expect(ends).toEqual([{ type: 'left', reason: 'gone' }])
})

test('leaving the iteration stops the run, and ends it as left', async () => {
  let isStopped = false
  const { ends, observe } = listener()
  const run = observeRuns(
    async function* () {
      try {
        yield* EVENTS
      } finally {
        isStopped = true
      }
    },
    [observe],
  )
  for await (const _ of run(ORDER, new AbortController().signal)) break
  expect(isStopped).toBe(true)
  expect(ends).toEqual([{ type: 'left', reason: undefined }])
})

test('what a journal has recorded before is told as replayed', async () => {
  const durations = new Map([['call_1', 400]])
  const journal = { recordedSteps: 1, durationMs: (id: string) => durations.get(id) } as Journal
  const made = EVENTS.toSpliced(
    -1,
    0,
    { type: 'tool_started', step: 2, call: { ...CALL, id: 'call_2' } },
    { type: 'tool_finished', step: 2, call: { ...CALL, id: 'call_2' }, result: RESULT },
  )
  const { heard, observe } = listener()
  const run = observeRuns(
    async function* () {
      for (const event of made) {
        if (event.type === 'tool_finished') durations.set(event.call.id, 1) // the journal knows it from now on
        yield event
      }
    },
    [observe],
  )
  await toArray(run(ORDER, new AbortController().signal, journal))
  expect(heard.map(({ type, isReplayed }) => [type, isReplayed])).toEqual([
    ['step_started', true],
    ['step_finished', true],
    ['tool_started', true],
    ['tool_finished', true],
    ['step_started', false],
    ['step_finished', false],
    ['tool_started', false],
    ['tool_finished', false],
    ['completed', false],
  ])
})

test('an observer that throws harms neither the run nor the others', async () => {
  const { heard, ends, observe } = listener()
  const broken: ObserveRun = () => ({
    onEvent() {
      throw new Error('broken')
    },
    onEnd() {
      throw new Error('broken')
    },
  })
  const run = observeRuns(tellsAll(EVENTS), [broken, observe])
  expect(await toArray(run(ORDER, new AbortController().signal))).toEqual(EVENTS)
  expect(heard).toHaveLength(7)
  expect(ends).toHaveLength(1)
})

test('where nobody observes, the run is not wrapped', () => {
  const events = tellsAll(EVENTS)(ORDER, new AbortController().signal)
  expect(observeRuns(() => events, [() => undefined])(ORDER, new AbortController().signal)).toBe(events)
})

function listener() {
  const heard: { type: RunEvent['type']; isReplayed: boolean }[] = []
  const ends: RunEnd[] = []
  const observe: ObserveRun = () => ({
    onEvent: ({ type }, isReplayed) => void heard.push({ type, isReplayed }),
    onEnd: (end) => void ends.push(end),
  })
  return { heard, ends, observe }
}

function tellsAll(events: readonly RunEvent[]): ExecuteRun {
  return async function* () {
    yield* events
  }
}

async function toArray(events: AsyncIterable<RunEvent>): Promise<RunEvent[]> {
  const told: RunEvent[] = []
  for await (const event of events) told.push(event)
  return told
}
