import { spawnSync } from 'node:child_process'
import { setTimeout as pause } from 'node:timers/promises'
import { type Heard, play } from './caller.ts'
import { doHarm } from './harm.ts'
import { createJournal, type Journal } from './journal.ts'
import { judge, type Verdict } from './judge.ts'
import { planRounds } from './plan.ts'
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
const SETTLE_MS = 60_000

/** Asks questions while the world breaks, in rounds that run into each other; then lets it heal, and looks at what came of all. */
export async function runChaos({ seed, rounds, queue, say, signal }: ChaosOptions): Promise<ChaosReport> {
  const journal = createJournal(say)
  const before = childPids()
  const world = await startWorld({ seed, queue, journal })
  const breakOff = () => void world.close()
  signal?.addEventListener('abort', breakOff, { once: true })
  const heard: Heard[] = []
  const cancelled = new Set<string>()
  const over = new AbortController()
  const callers: Promise<void>[] = []
  const harms: Promise<void>[] = []
  try {
    const plan = planRounds(seed, rounds, queue)
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
            url: (gateway) => world.fleet.gateways[gateway]?.url ?? '',
            journal,
            hear: (told) => heard.push(told),
            cancelled: (runId) => cancelled.add(runId),
            over: over.signal,
          }),
        )
      }
      harms.push(pause(round.harmAfterMs).then(() => doHarm(round, world, journal)))
      await pause(round.pauseMs)
    }
    await Promise.all(harms)
    journal.note('nothing is broken any more')
    await Promise.race([world.fleet.settle(), pause(SETTLE_MS)])
    const isSettled = await untilEnded(world, callers)
    over.abort()
    await Promise.all(callers)
    const { wrongs, counts } = await judge({ world, heard, cancelled, journal, plan, isSettled })
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

/** What this process has started and not ended. */
function childPids(): Set<string> {
  const { pid, stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(process.pid)], { encoding: 'utf8' })
  return new Set(stdout.split(/\s+/).filter((text) => text !== '' && text !== String(pid)))
}

/** Jobs at RunPod and held credits included, as far as the store knows of them. @returns whether all ended in time. */
async function untilEnded({ store }: World, callers: readonly Promise<void>[]): Promise<boolean> {
  const untilMs = Date.now() + SETTLE_MS
  let areDone = false
  void Promise.all(callers).then(() => {
    areDone = true
  })
  while (Date.now() < untilMs) {
    const open = await store
      .rows(`select from runs where ended_at is null union all select from run_jobs
        union all select from holds where state = 'open' limit 1`)
      .catch(() => ['unknown'])
    if (open.length === 0 && areDone) return true
    await pause(100)
  }
  return false
}
