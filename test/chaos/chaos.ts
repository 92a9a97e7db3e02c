import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { type Heard, play } from './caller.ts'
import { doHarm } from './harm.ts'
import { createJournal, type Journal } from './journal.ts'
import { judge, type Verdict } from './judge.ts'
import { type Bill, passDeadlines, readBills } from './money.ts'
import { planRounds } from './plan.ts'
import { type ToppedUp, topUp } from './top-up.ts'
import { startWorld, type World } from './world.ts'

export type ChaosOptions = {
  seed: number
  rounds: number
  queue: 'postgres' | 'redis'
  /** Hears of everything as it happens. */
  say?: ((line: string) => void) | undefined
  /** Ends it in the middle. */
  signal?: AbortSignal | undefined
}

export type ChaosReport = Verdict & { journal: Journal }

/** How long runs may take to end once nothing is broken any more. */
const SETTLE_MS = 90_000
const RETRIES_MS = 5_000
const SWEEPS_MS = 20_000

/** Asks questions while the world breaks, in rounds that run into each other; then lets it heal, and looks at what came of all. */
export async function runChaos({ seed, rounds, queue, say, signal }: ChaosOptions): Promise<ChaosReport> {
  const journal = createJournal(say)
  const before = childPids()
  const plan = planRounds(seed, rounds, queue)
  const world = await startWorld({ seed, plan, queue, journal })
  const breakOff = () => void world.close()
  signal?.addEventListener('abort', breakOff, { once: true })
  const heard: Heard[] = []
  const cancelled = new Set<string>()
  const over = new AbortController()
  const callers: Promise<void>[] = []
  const topUps: Promise<ToppedUp[]>[] = []
  const harms: Promise<void>[] = []
  const url = (gateway: number) => world.fleet.gateways[gateway]?.url ?? ''
  try {
    for (const [index, round] of plan.entries()) {
      await world.fleet.awake()
      journal.note(`round ${index + 1}`)
      for (const caller of round.callers) {
        const { tag, model, door, key, hasTwin, cancelAfterMs, hangUpAfterMs } = caller
        const traits = [
          key,
          hasTwin && 'twin',
          cancelAfterMs !== undefined && `cancels after ${cancelAfterMs}`,
          hangUpAfterMs !== undefined && `hangs up after ${hangUpAfterMs}`,
        ]
        journal.note(`asks ${model} (${[door, ...traits].filter(Boolean).join(', ')})`, tag)
        callers.push(
          play(caller, {
            url,
            journal,
            hear: (told) => heard.push(told),
            cancelled: (runId) => cancelled.add(runId),
            over: over.signal,
          }),
        )
      }
      if (round.topUp !== undefined) topUps.push(topUp(round.topUp, { url, journal, over: over.signal }))
      harms.push(pause(round.harmAfterMs).then(() => doHarm(round, world, journal)))
      await pause(round.pauseMs)
    }
    await Promise.all(harms)
    journal.note('nothing is broken any more')
    await Promise.race([world.fleet.settle(), pause(SETTLE_MS)])
    const isSettled = await untilEnded(world, [...callers, ...topUps])
    over.abort()
    await Promise.all(callers)
    const toppedUp = (await Promise.all(topUps)).flat()
    const lost = await closeLost(world)
    const { wrongs, counts } = await judge({ world, heard, cancelled, toppedUp, lost, journal, plan, isSettled })
    await world.close()
    const left = [...childPids()].filter((pid) => !before.has(pid))
    const leaks = left.length === 0 ? [] : [{ tag: undefined, text: `processes are left: ${left.join(' ')}` }]
    return { wrongs: [...wrongs, ...leaks], counts, journal }
  } finally {
    over.abort()
    signal?.removeEventListener('abort', breakOff)
    await world.close()
  }
}

/**
 * Holds of runs in place that nobody closes, as their process is gone or never heard that they are there, stay until their
 * deadline. @returns them, as they were found; they are closed then, or else are found open.
 */
async function closeLost({ store }: World): Promise<Bill[]> {
  const readOpen = async () => [...(await readBills(store)).values()].filter(({ state }) => state === 'open')
  // A charge that met an outage is tried again every two seconds.
  for (let untilMs = Date.now() + RETRIES_MS; Date.now() < untilMs && (await readOpen()).length > 0; ) await pause(100)
  const lost = await readOpen()
  await passDeadlines(store)
  for (let untilMs = Date.now() + SWEEPS_MS; Date.now() < untilMs && (await readOpen()).length > 0; ) await pause(100)
  return lost
}

/** What this process has started and not ended. */
function childPids(): Set<string> {
  const { pid, stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return new Set(stdout.split(/\s+/).filter((text) => text !== '' && text !== String(pid)))
}

/** Jobs at RunPod and held credits included, as far as the store knows of them. @returns whether all ended in time. */
async function untilEnded({ store }: World, callers: readonly Promise<unknown>[]): Promise<boolean> {
  const untilMs = Date.now() + SETTLE_MS
  let areDone = false
  void Promise.all(callers).then(() => {
    areDone = true
  })
  while (Date.now() < untilMs) {
    const open = await store
      .rows(`select from runs where ended_at is null union all select from run_jobs
        union all select from holds join runs on id = run_id where holds.state = 'open' limit 1`)
      .catch(() => ['unknown'])
    if (open.length === 0 && areDone) return true
    await pause(100)
  }
  return false
}
