import { expect, test } from 'vitest'
import { runCrash } from './crash.ts'
import { ENGINES } from './crash-server.ts'

// `npm run ledger -- chaos` plays longer.
const MS = 7_000

test.for(ENGINES)(
  'whoever is killed, and whenever Postgres crashes, the books are right and nothing acknowledged is lost: %s',
  { timeout: 240_000 },
  async (engine, { signal }) => {
    const { wrongs, reports, counts } = await runCrash({ engine, seed: 1, ms: MS, signal })
    expect(wrongs.slice(0, 20)).toEqual([])
    expect(reports.filter(({ found }) => found > 0)).toEqual([])
    const { kills = 0, crashes = 0, watcherKills = 0, held = 0, settled = 0, posted = 0, credited = 0 } = counts
    for (const count of [crashes, watcherKills, settled, posted, credited]) expect(count).toBeGreaterThan(0)
    expect(kills).toBeGreaterThan(3)
    expect(held).toBeGreaterThan(settled)
    expect(reports.find(({ id }) => id === 'I14')?.checked).toBeGreaterThan(0)
  },
)
