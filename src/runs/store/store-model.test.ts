import fc from 'fast-check'
import { expect, test } from 'vitest'
import { completed, newRun, type TestStore, testStore } from '../../../test/support/stored-runs.ts'
import { type Claim, LostClaimError } from '../run-store.ts'
import { LEASE_MS } from './times.ts'

/** What a run should be, in a few words. */
type Told = {
  id: string
  state: string
  fence: number
  attempts: number
  isHeld: boolean
  steps: Set<number>
  news: number
}

type Act =
  | { act: 'submit' }
  | { act: 'claim' | 'cancel'; run: number }
  | { act: 'record' | 'finish' | 'release' | 'renew'; claim: number; step: number }
  | { act: 'lapse' }
  | { act: 'sweep' }

const place = fc.nat(30)
const acts: fc.Arbitrary<Act> = fc.oneof(
  { weight: 2, arbitrary: fc.constant({ act: 'submit' as const }) },
  { weight: 4, arbitrary: fc.record({ act: fc.constant('claim' as const), run: place }) },
  { weight: 1, arbitrary: fc.record({ act: fc.constant('cancel' as const), run: place }) },
  {
    weight: 6,
    arbitrary: fc.record({
      act: fc.constantFrom(
        'record' as const,
        'record' as const,
        'finish' as const,
        'release' as const,
        'renew' as const,
      ),
      claim: place,
      step: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ act: 'lapse' as const }) },
  { weight: 1, arbitrary: fc.constant({ act: 'sweep' as const }) },
)

const MAX_ATTEMPTS = 5

test('whatever workers and callers do, in whatever order, a run is what the rules say', async () => {
  const { store, pass, database } = await testStore({ runsPerCaller: 1_000, pendingPerCaller: 1_000 })
  await fc.assert(
    fc.asyncProperty(fc.array(acts, { minLength: 5, maxLength: 40 }), async (script) => {
      await database.pool.query('delete from runs')
      const { runs, step } = createModel({ store, pass })
      for (const act of script) await step(act)
      for (const told of runs) {
        const run = await store.find('alice', told.id)
        const events = await store.events('alice', told.id, 0)
        expect({ state: run?.state, steps: run?.steps, news: events?.length }).toEqual({
          state: told.state,
          steps: told.steps.size,
          news: told.news,
        })
        expect(events?.map(({ seq }) => seq)).toEqual(Array.from({ length: told.news }, (_, i) => i + 1))
        expect(run?.outcome?.state).toBe(run?.endedAtMs == null ? undefined : told.state)
      }
    }),
    { numRuns: 25 },
  )
})

/** Does each act in the store and in mind, and expects the same of both. */
function createModel({ store, pass }: Pick<TestStore, 'store' | 'pass'>) {
  const runs: Told[] = []
  const claims: Claim[] = []
  const pick = <Item>(items: readonly Item[], at: number) => items[at % Math.max(1, items.length)]
  const isOpen = ({ state }: Told) => state === 'queued' || state === 'running'
  const isClaimable = (run: Told) =>
    run.attempts < MAX_ATTEMPTS && (run.state === 'queued' || (run.state === 'running' && !run.isHeld))
  const end = (run: Told, state: string) => Object.assign(run, { state, isHeld: false, news: run.news + 1 })

  async function underClaim(claim: Claim, write: () => Promise<unknown>, change: (run: Told) => void): Promise<void> {
    const run = runs.find(({ id }) => id === claim.runId)
    if (run?.state === 'running' && run.fence === claim.fence) {
      await write()
      change(run)
    } else await expect(write()).rejects.toThrow(LostClaimError)
  }

  async function step(act: Act): Promise<void> {
    if (act.act === 'submit') {
      const { run } = await store.submit(newRun())
      runs.push({ id: run.id, state: 'queued', fence: 0, attempts: 0, isHeld: false, steps: new Set(), news: 1 })
      return
    }
    if (act.act === 'lapse') {
      await pass(LEASE_MS + 1)
      for (const run of runs) run.isHeld = false
      return
    }
    if (act.act === 'sweep') {
      const dead = runs.filter((run) => isOpen(run) && run.attempts >= MAX_ATTEMPTS && !run.isHeld)
      expect([...(await store.endOverdue())].sort()).toEqual(dead.map(({ id }) => id).sort())
      for (const run of dead) Object.assign(end(run, 'failed'), { fence: run.fence + 1 })
      const due = await store.dueJobs(1_000)
      for (const { runId, fence } of due) {
        const run = runs.find(({ id }) => id === runId)
        expect(run && isClaimable(run) && run.fence).toBe(fence)
      }
      return
    }
    if ('run' in act) {
      const run = pick(runs, act.run)
      if (run === undefined) return
      if (act.act === 'cancel') {
        await store.cancel('alice', run.id)
        if (isOpen(run)) Object.assign(end(run, 'cancelled'), { fence: run.fence + 1 })
        return
      }
      const claim = await store.claim(run.id, 'worker')
      expect(claim !== undefined).toBe(isClaimable(run))
      if (claim === undefined) return
      Object.assign(run, { state: 'running', fence: run.fence + 1, attempts: run.attempts + 1, isHeld: true })
      run.news++
      expect(claim.fence).toBe(run.fence)
      expect(new Set(claim.steps.keys())).toEqual(run.steps)
      claims.push({ runId: claim.runId, fence: claim.fence })
      return
    }
    const claim = pick(claims, act.claim)
    if (claim === undefined) return
    const run = runs.find(({ id }) => id === claim.runId)
    const isGood = run?.state === 'running' && run.fence === claim.fence
    switch (act.act) {
      case 'record': {
        const usage = { promptTokens: 1, completionTokens: 1 }
        await underClaim(
          claim,
          () => store.recordStep(claim, { step: act.step, events: [], usage }),
          (held) => {
            if (!held.steps.has(act.step)) held.news++
            held.steps.add(act.step)
          },
        )
        return
      }
      case 'finish': {
        if (run?.state === 'completed' && run.fence === claim.fence) {
          await store.finish(claim, completed()) // asks again
          return
        }
        await underClaim(
          claim,
          () => store.finish(claim, completed()),
          (held) => end(held, 'completed'),
        )
        return
      }
      case 'release':
        await store.release(claim)
        if (isGood) Object.assign(run, { state: 'queued', isHeld: false, attempts: run.attempts - 1 })
        return
      case 'renew':
        expect(await store.renew([claim])).toEqual(isGood ? [] : [claim])
        if (isGood) run.isHeld = true
        return
      default:
        act satisfies never
    }
  }

  return { runs, step }
}
