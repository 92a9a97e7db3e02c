import { expect, test } from 'vitest'
import { share } from './share.ts'

test('all who wait get the one result', async () => {
  let starts = 0
  const shared = share(async () => ++starts)

  expect(await Promise.all([shared.join(), shared.join()])).toEqual([1, 1])
})

test('one who aborts leaves the task running; the last one ends it', async () => {
  let taskSignal: AbortSignal | undefined
  const shared = share((signal) => {
    taskSignal = signal
    return new Promise(() => {})
  })
  const [first, second] = [new AbortController(), new AbortController()]
  const waits = [shared.join(first.signal), shared.join(second.signal)]

  first.abort(new Error('first left'))
  await expect(waits[0]).rejects.toThrow('first left')
  expect([taskSignal?.aborted, shared.abandoned]).toEqual([false, false])

  second.abort(new Error('second left'))
  await expect(waits[1]).rejects.toThrow('second left')
  expect([taskSignal?.aborted, shared.abandoned]).toEqual([true, true])
})

test('a signal that has fired does not join', async () => {
  const shared = share(async () => 1)
  await expect(shared.join(AbortSignal.abort(new Error('late')))).rejects.toThrow('late')
  expect(await shared.join()).toBe(1)
})

test('a failure reaches all who wait', async () => {
  const shared = share(() => Promise.reject(new Error('no')))
  expect(await Promise.allSettled([shared.join(), shared.join()])).toMatchObject([
    { status: 'rejected' },
    { status: 'rejected' },
  ])
})
