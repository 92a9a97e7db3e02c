import { expect, onTestFinished, test } from 'vitest'
import { toModelRequest } from '../../../test/support/ask-model.ts'
import { logLines } from '../../../test/support/log-lines.ts'
import { type ScriptedRunpodOptions, scriptedRunpod } from '../../../test/support/scripted-runpod.ts'
import { claimedRun, testStore } from '../../../test/support/stored-runs.ts'
import { createRoutedModel } from '../../models/routing/routed-model.ts'
import { createRunpodModel } from '../../models/runpod/runpod.ts'
import { LostClaimError } from '../run-store.ts'
import { createOrphanCanceller, type OrphanCancellerDeps } from './orphan-canceller.ts'
import { createSweeper } from './sweeper.ts'

const LEASE_MS = 200

test('the job of a dead worker is cancelled once its run is, by one process, and no other job is', async () => {
  const { store, runpod, workAndDie, worker } = await start()
  const [cancelled, living] = [await workAndDie(), await workAndDie()]
  const one = worker()
  const other = worker()
  await store.cancel('alice', cancelled.runId)
  await expect.poll(() => cancelled.job.state).toBe('CANCELLED')
  await expect.poll(() => [...one.told('info'), ...other.told('info')]).toHaveLength(1)
  await one.rounds(5)
  await other.rounds(5)
  expect(runpod.requests.filter(({ operation }) => operation === 'cancel')).toMatchObject([{ jobId: cancelled.job.id }])
  expect(living.job.state).toBe('IN_PROGRESS')
  expect([...one.lines, ...other.lines]).toMatchObject([
    { level: 'info', fields: { runId: cancelled.runId, backend: 'runpod:a', job: cancelled.job.id } },
  ])
})

test('the job of a run that ran out of time without its worker is cancelled', async () => {
  const { workAndDie, worker, database } = await start()
  const { job } = await workAndDie()
  worker()
  await database.pool.query("update runs set deadline = now() - interval '1 h'")
  await expect.poll(() => job.state).toBe('CANCELLED')
})

test('a backend that does not answer holds up nothing, neither the rounds nor the end of the process', async () => {
  const { store, runpod, workAndDie, worker } = await start({
    fault: ({ operation }) => (operation === 'cancel' ? 'hang' : undefined),
  })
  const { runId } = await workAndDie()
  const sweeping = worker()
  await store.cancel('alice', runId)
  await expect.poll(() => runpod.count('cancel')).toBe(1)
  await sweeping.rounds(5)
  await sweeping.stop()
  expect(sweeping.lines).toEqual([])
})

test('a job that cannot be cancelled is given up in the end, and that is said', async () => {
  const { orphans, forgotten, told } = nobodysJobs({ run_new: 0, run_old: 29 })
  orphans.look()
  await expect.poll(() => told('warn')).toEqual([expect.stringContaining('could not be cancelled')])
  expect(forgotten).toEqual(['run_old'])
})

test('a process that stops gives up none', async () => {
  const { orphans, forgotten, told } = nobodysJobs({ run_old: 29 })
  orphans.look()
  await orphans.stop()
  orphans.look()
  expect(forgotten).toEqual([])
  expect(told('warn')).toEqual([])
})

/** Jobs of a model that is not served any more. @param tries - by run. */
function nobodysJobs(tries: Readonly<Record<string, number>>) {
  const forgotten: string[] = []
  const { log, told } = logLines()
  const store: OrphanCancellerDeps['store'] = {
    orphanedJobs: async () =>
      Object.entries(tries).map(([runId, tries]) => ({
        runId,
        step: 1,
        model: 'gone',
        job: { backend: 'runpod:gone', id: 'job-1' },
        tries,
      })),
    forgetJob: async ({ runId }) => void forgotten.push(runId),
  }
  return { orphans: createOrphanCanceller({ store, models: { find: () => undefined }, log }), forgotten, told }
}

/** A store and a RunPod of their own, whose jobs never end by themselves. */
async function start(options: ScriptedRunpodOptions = {}) {
  const tested = await testStore({ leaseMs: LEASE_MS })
  const { store } = tested
  const runpod = await scriptedRunpod(() => ({ neverEnds: true }), options)
  onTestFinished(() => runpod.close())
  const connection = { baseUrl: runpod.url, endpointId: 'ep-test', apiKey: 'rp-test' }
  const poll = { firstMs: 4, mostMs: 12 }
  const model = createRoutedModel({
    id: 'conductor',
    backends: [
      { model: createRunpodModel({ id: 'conductor', modelName: 'a', ...connection, poll }) },
      { model: createRunpodModel({ id: 'conductor', modelName: 'b', ...connection, apiKey: 'wrong' }), weight: 0 },
    ],
  })

  /** Claims a run and has a job begun, which then nobody follows. */
  async function workAndDie() {
    const claim = await claimedRun(store)
    const dying = new AbortController()
    const memo = {
      known: undefined,
      keep: (job: { backend: string; id: string }) => store.recordJob(claim, 1, job),
      goesOn: () => true,
    }
    const answer = model.stream(toModelRequest('hi', { patient: true, job: memo, signal: dying.signal }))
    const died = expect(answer[Symbol.asyncIterator]().next()).rejects.toThrow('dead')
    const count = runpod.jobs.length
    await expect.poll(() => runpod.jobs[count]?.polls ?? 0).toBeGreaterThan(0)
    dying.abort(new LostClaimError('dead'))
    await died
    const job = runpod.jobs[count]
    if (job === undefined) return expect.unreachable('there is a job')
    return { runId: claim.runId, job }
  }

  /** Sweeps as a process does, which works on no run. */
  function worker() {
    const { log, lines, told } = logLines()
    let swept = 0
    const orphans = createOrphanCanceller({ store, models: { find: (id) => ({ id, model }) }, log })
    const sweeper = createSweeper({
      store: {
        ...store,
        async dueJobs() {
          swept++
          return []
        },
      },
      queue: { add: async () => {}, check: async () => ({ status: 'ok' }) },
      everyMs: 30,
      cancelOrphans: orphans.look,
      log,
    })
    const stop = async () => {
      await sweeper.stop()
      await orphans.stop()
    }
    onTestFinished(stop)
    const rounds = (count: number) => {
      const until = swept + count
      return expect.poll(() => swept).toBeGreaterThanOrEqual(until)
    }
    return { lines, told, rounds, stop }
  }

  return { ...tested, runpod, workAndDie, worker }
}
