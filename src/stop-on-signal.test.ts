import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import { type StopOptions, stopOnSignal } from './stop-on-signal.ts'

/** A process that notes its exit codes, and one spec's way to end its stop. */
function hostThatStops(options: StopOptions = {}) {
  const said: string[] = []
  const codes: number[] = []
  const stopped = Promise.withResolvers<void>()
  let stops = 0
  const host = Object.assign(new EventEmitter(), { exit: (code: number) => void codes.push(code) as never })
  const stop = () => {
    stops++
    return stopped.promise
  }
  stopOnSignal(host, stop, { ...options, say: (line) => said.push(line) })
  return { host, codes, said, stopped, stops: () => stops }
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])('%s stops, and then the process ends well', async (signal) => {
  const { host, codes, said, stopped } = hostThatStops()
  host.emit(signal, signal)
  expect(codes).toEqual([])
  expect(said).toEqual([`${signal}: stopping; a second signal ends at once`])
  stopped.resolve()
  await expect.poll(() => codes).toEqual([0])
})

test('a second signal ends at once, and does not stop twice', () => {
  const { host, codes, said, stops } = hostThatStops()
  host.emit('SIGTERM', 'SIGTERM')
  host.emit('SIGINT', 'SIGINT')
  expect(codes).toEqual([130])
  expect(said.at(-1)).toBe('SIGINT again: ending at once')
  expect(stops()).toBe(1)
})

test('the end of the grace ends what does not stop', async () => {
  const { host, codes, said } = hostThatStops({ graceMs: 10 })
  host.emit('SIGTERM', 'SIGTERM')
  await expect.poll(() => codes).toEqual([143])
  expect(said.at(-1)).toMatch(/^not stopped after .* s: ending at once$/)
})

test('a stop that fails says why', async () => {
  const { host, codes, said, stopped } = hostThatStops()
  host.emit('SIGTERM', 'SIGTERM')
  stopped.reject(new Error('the store does not answer'))
  await expect.poll(() => codes).toEqual([1])
  expect(said.at(-1)).toBe('stopping failed: the store does not answer')
})
