import { describe, test } from 'vitest'
import type { Verdict } from './finish.ts'
import { playGame } from './game.ts'
import { MUTANTS, type Mutant } from './mutants.ts'
import { tillLedger } from './till-ledger.ts'

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const TIMEOUT_MS = 240_000

/** Which guard of the store has refused a write, which invariant is broken, which acknowledgement was not kept. */
function caughtBy({ wrongs, reports }: Verdict): string[] {
  const refusals = wrongs.map((wrong) => /constraint "\w+"|rows of \w+ are never changed/.exec(wrong)?.[0])
  const broken = reports.filter(({ id, found }) => found > 0 && id !== 'I7' && id !== 'I8')
  const unkept = wrongs.filter((wrong, index) => refusals[index] === undefined && !/^\w*Error:/.test(wrong))
  return [
    ...new Set(refusals.filter((refusal) => refusal !== undefined)),
    ...broken.map(({ id, title }) => `${id}, ${title}`),
    ...unkept.slice(0, 1),
  ]
}

async function hunt({ open }: Mutant, without: readonly string[] = []): Promise<string[]> {
  for (const seed of SEEDS) {
    const caught = caughtBy(await playGame({ seed, open, without }))
    if (caught.length > 0) return caught
  }
  return []
}

describe.concurrent('whatever players do at once, and wherever they are cut off, the books are right', () => {
  const games = SEEDS.slice(0, 3).flatMap((seed) => [
    { seed, open: undefined, how: 'one by one' },
    { seed, open: tillLedger, how: 'many in a statement' },
  ])
  test.for(games)('game $seed, $how', { timeout: TIMEOUT_MS }, async ({ seed, open }, { expect }) => {
    const { wrongs, reports, notes } = await playGame({ seed, open })
    expect(wrongs.slice(0, 20)).toEqual([])
    expect(reports.filter(({ id, found }) => id !== 'I7' && found > 0)).toEqual([]) // the server of the specs is not durable
    const acts = new Set(notes.map(({ act }) => act))
    for (const act of ['posted', 'held', 'settled', 'swept', 'refused', 'away']) expect(acts).toContain(act)
  })
})

describe.concurrent('a ledger with one fault is caught', () => {
  test.for(MUTANTS)('$fault', { timeout: TIMEOUT_MS }, async (mutant, { expect }) => {
    const caught = await hunt(mutant)
    console.log(`${mutant.fault}\n  caught by: ${caught.join('\n             ')}`)
    expect(caught).not.toEqual([])
  })
})

describe.concurrent('it is caught without the guards of the store, too', () => {
  test.for(MUTANTS.filter(({ guards }) => guards !== undefined))(
    '$fault',
    { timeout: TIMEOUT_MS },
    async (mutant, { expect }) => {
      expect(await hunt(mutant, mutant.guards)).not.toEqual([])
    },
  )
})
