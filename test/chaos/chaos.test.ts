import { expect, test } from 'vitest'
import { needsRedis } from '../support/redis-server.ts'
import { runChaos } from './chaos.ts'
import { toStory } from './story.ts'

// `CHAOS_SEED=7 vitest run test/chaos` plays another game, or a lost one again; `npm run chaos` plays longer ones.
const SEED = Number(process.env.CHAOS_SEED ?? 1)
const ROUNDS = 12

test.for(['postgres', 'redis'] as const)(
  `whatever dies, freezes or lies in ${ROUNDS} rounds on %s: every run ends once, does nothing twice, and tells no wrong answer`,
  { timeout: 180_000 },
  async (queue, context) => {
    if (queue === 'redis') needsRedis(context)
    console.log(`chaos on ${queue}: CHAOS_SEED=${SEED}`)
    const report = await runChaos({ seed: SEED, rounds: ROUNDS, queue, signal: context.signal })
    expect(report.wrongs, toStory(report)).toEqual([])
    const { runs = 0, completed = 0, takeovers = 0, clean = 0 } = report.counts
    expect(runs).toBeGreaterThan(ROUNDS)
    expect(completed).toBeGreaterThan(runs / 2)
    expect(clean).toBeGreaterThan(ROUNDS / 2)
    expect(takeovers).toBeGreaterThan(0)
  },
)
