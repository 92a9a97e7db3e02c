import { afterAll, beforeAll, expect, test } from 'vitest'
import { logLines } from '../../test/support/log-lines.ts'
import {
  claimedRun,
  completed,
  failed,
  newRun,
  type TestStore,
  testStore,
  toolRecord,
} from '../../test/support/stored-runs.ts'
import type { ModelEvent } from '../models/model.ts'
import { LostClaimError } from '../runs/run-store.ts'
import { logProgress } from './log-progress.ts'
import { measureStore } from './measure-store.ts'
import { createMetrics } from './metrics.ts'
import { observeStore } from './observe-store.ts'

let shared: TestStore
beforeAll(async () => {
  shared = await testStore()
})
afterAll(() => shared.database.close())

const USAGE = { promptTokens: 400, completionTokens: 12 }
const calls = (...names: readonly string[]): readonly ModelEvent[] =>
  names.map((name, i) => ({ type: 'tool_call', call: { id: `call_${i}`, name, argumentsText: '{}' } }))

test('a run in the queue can be followed by its lines, from being accepted to its end', async () => {
  const { store, messages } = watch(shared)
  const claim = await claimedRun(store)
  await store.recordStep(claim, { step: 1, events: calls('balance', 'gas_price'), usage: USAGE })
  await store.recordTool(claim, { ...toolRecord(1, 'call_0'), name: 'balance', durationMs: 412 })
  expect(messages()).toEqual(['accepted', expect.stringMatching(/^started, after \d\.\d s$/)])
  const broken = { ok: false as const, text: '', reason: 'no node', invalidArguments: false }
  await store.recordTool(claim, { ...toolRecord(1, 'call_1'), name: 'gas_price', result: broken })
  expect(messages().slice(2)).toEqual(['step 1, balance 0.4 s, gas_price failed'])
  await store.recordStep(claim, { step: 2, events: [{ type: 'text', text: 'Seven.' }], usage: USAGE })
  await store.finish(claim, completed())
  expect(messages().slice(3)).toEqual([
    'step 2',
    expect.stringMatching(/^completed after \d\.\d s, 2 steps, \d+ tokens$/),
  ])
})

test('each line names the run and its model, and has all of the id as a field', async () => {
  const { store, lines } = watch(shared)
  const { runId } = await claimedRun(store)
  const name = `run ${runId.slice(0, 12)}… conductor`
  expect(lines.map(({ message }) => message)).toEqual([
    `${name}: accepted`,
    expect.stringMatching(new RegExp(`^${name}: started, after \\d\\.\\d s$`)),
  ])
  for (const { fields } of lines) expect(fields).toMatchObject({ runId, model: 'conductor' })
})

test('a step whose tools are not all recorded is told before the next', async () => {
  const { store, messages } = watch(shared)
  const claim = await claimedRun(store)
  await store.recordStep(claim, { step: 1, events: calls('balance', 'unknown'), usage: USAGE })
  await store.recordTool(claim, { ...toolRecord(1, 'call_0'), name: 'balance', durationMs: 40 })
  await store.recordStep(claim, { step: 2, events: [], usage: USAGE })
  expect(messages().slice(2)).toEqual(['step 1, balance 0.0 s', 'step 2'])
})

test('a run that another worker takes over says so, on both sides', async () => {
  const { store, pass, messages } = watch(shared)
  const old = await claimedRun(store)
  await store.recordStep(old, { step: 1, events: calls('balance'), usage: USAGE })
  await pass(20_000)
  const other = watch(shared)
  const claim = await other.store.claim(old.runId, 'worker 2')
  if (claim === undefined) throw new Error('not claimed')
  expect(other.messages()).toEqual(['taken over, attempt 2, recorded steps: 1'])
  await expect(store.recordTool(old, toolRecord(1, 'call_0'))).rejects.toThrow(LostClaimError)
  expect(messages().slice(2)).toEqual(['step 1', 'no longer worked on here'])
  await other.store.recordTool(claim, { ...toolRecord(1, 'call_0'), name: 'balance', durationMs: 900 })
  await other.store.finish(claim, failed(502))
  expect(other.messages().slice(1)).toEqual([
    'step 1, balance 0.9 s',
    expect.stringMatching(/^failed after \d+\.\d s: It did not go well\.$/),
  ])
})

test('a run that is done where it was asked for has no lines but that of its request', async () => {
  const { store, lines } = watch(shared)
  const submitted = await store.submit(newRun({ worker: 'here', background: false }))
  if (submitted.type !== 'accepted' || submitted.claim === undefined) throw new Error('not here')
  await store.recordStep(submitted.claim, { step: 1, events: [], usage: USAGE })
  await store.finish(submitted.claim, completed())
  expect(lines).toEqual([])
})

test('a run that is cancelled twice has ended once, in the log and in the figures', async () => {
  const { store, messages, body } = watch(shared)
  const { run } = await store.submit(newRun())
  await store.cancel('alice', run.id)
  await store.cancel('alice', run.id)
  expect(messages()).toEqual(['accepted', 'cancelled, 0 steps, 0 tokens'])
  expect(await body()).toContain('groundwire_runs_ended_total{model="conductor",state="cancelled"} 1\n')
})

test('a claim that is let go late does not end the lines of a newer one of the same process', async () => {
  const { store, messages } = watch(shared)
  const old = await claimedRun(store)
  await store.release(old)
  const claim = await store.claim(old.runId, 'worker 1')
  if (claim === undefined) throw new Error('not claimed')
  await expect(store.recordStep(old, { step: 1, events: [], usage: USAGE })).rejects.toThrow(LostClaimError)
  await store.recordStep(claim, { step: 1, events: [], usage: USAGE })
  expect(messages().slice(2)).toEqual([
    'no longer worked on here',
    'taken over, attempt 2, recorded steps: 0',
    'step 1',
  ])
})

test('a request that asks again joins, and is counted as such', async () => {
  const { store, messages, body } = watch(shared)
  const asked = { idempotencyKey: 'k', bodyHash: 'a2' }
  await store.submit(newRun(asked))
  await store.submit(newRun(asked))
  expect(messages()).toEqual(['accepted', 'asked for again, and joined'])
  expect(await body()).toContain('groundwire_runs_submitted_total{model="conductor",result="joined"} 1\n')
})

test('runs by state, their waiting and their time are in the figures', async () => {
  const { store, pass, body } = watch(await testStore())
  const { run } = await store.submit(newRun())
  await pass(7_000)
  const claim = await store.claim(run.id, 'worker 1')
  if (claim === undefined) throw new Error('not claimed')
  await pass(3_000)
  await store.submit(newRun())
  await store.finish(claim, completed())
  const text = await body()
  expect(text).toContain('groundwire_run_wait_seconds_bucket{le="10",model="conductor"} 1\n')
  expect(text).toContain('groundwire_run_wait_seconds_bucket{le="5",model="conductor"} 0\n')
  expect(text).toContain('groundwire_run_duration_seconds_bucket{le="5",model="conductor",state="completed"} 1\n')
  expect(text).toContain('groundwire_runs{state="queued"} 1\n')
  expect(text).toContain('groundwire_runs{state="completed"} 1\n')
  expect(text).toContain('groundwire_up{part="store"} 1\n')
})

test('what was overdue is told and counted', async () => {
  const { store, pass, lines, body } = watch(await testStore())
  const { run } = await store.submit(newRun())
  await pass(1_000_000)
  expect(await store.endOverdue()).toEqual([run.id])
  expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { runIds: [run.id] } })
  expect(await body()).toContain('groundwire_runs_overdue_total 1\n')
})

/** A look at a store as one process has it. */
function watch({ store, pass }: Pick<TestStore, 'store' | 'pass'>) {
  const { log, lines } = logLines()
  const metrics = createMetrics({ counts: () => store.counts() })
  return {
    store: observeStore(store, [measureStore(metrics), logProgress(log)]),
    pass,
    lines,
    /** What the lines tell after the name of the run. */
    messages: () => lines.map(({ message }) => message.replace(/^run \S+ \S+: /, '')),
    body: async () => (await metrics.render()).body,
  }
}
