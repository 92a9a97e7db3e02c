import { expect, test } from 'vitest'
import { createSlots, waitForSlot } from './slots.ts'

const patient = () => ({ signal: new AbortController().signal, waitMs: Number.POSITIVE_INFINITY })

test('as many as the limit have a place at once', () => {
  const slots = createSlots(2)
  const first = slots.tryTake()
  expect([first, slots.tryTake(), slots.tryTake()].map(Boolean)).toEqual([true, true, false])
  first?.()
  expect(slots.tryTake()).toBeDefined()
})

test('a place that is given back twice is one place', () => {
  const slots = createSlots(1)
  const release = slots.tryTake()
  release?.()
  const next = slots.tryTake()
  release?.()
  expect(next).toBeDefined()
  expect(slots.tryTake()).toBeUndefined()
})

test('those who wait are served in order, and nobody goes before them', async () => {
  const slots = createSlots(1)
  const release = slots.tryTake()
  const served: number[] = []
  const waiting = [1, 2, 3].map(async (name) => {
    const granted = await waitForSlot([slots], patient())
    served.push(name)
    expect(slots.tryTake()).toBeUndefined()
    granted?.release()
  })
  release?.()
  expect(slots.tryTake()).toBeUndefined()
  await Promise.all(waiting)
  expect(served).toEqual([1, 2, 3])
  expect(slots.tryTake()).toBeDefined()
})

test('who waits for several takes the first that is free, and one only', async () => {
  const [a, b] = [createSlots(1), createSlots(1)]
  const [ofA, ofB] = [a.tryTake(), b.tryTake()]
  const granted = waitForSlot([a, b], patient())
  ofB?.()
  ofA?.()
  expect((await granted)?.at).toBe(1)
  expect(a.tryTake()).toBeDefined()
})

test('who gives up leaves the queue: by signal, and by time', async () => {
  const slots = createSlots(1)
  const release = slots.tryTake()
  const caller = new AbortController()
  const left = waitForSlot([slots], { signal: caller.signal, waitMs: 60_000 })
  caller.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  expect(await waitForSlot([slots], { ...patient(), waitMs: 1 })).toBeUndefined()
  await expect(waitForSlot([slots], { signal: caller.signal, waitMs: 1 })).rejects.toThrow('gone')
  release?.()
  expect(slots.tryTake()).toBeDefined()
})
