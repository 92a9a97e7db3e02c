import { setTimeout as pause } from 'node:timers/promises'
import type { Dice } from '../chaos/dice.ts'
import type { Crew } from './crew.ts'

export type Harm = {
  kills: number
  crashes: number
  watcherKills: number
  /** From one kill or crash to the next; those of watchers come on top. */
  betweenMs: { median: number; most: number }
}

export type HarmOptions = {
  players: Crew
  watchers: Crew
  crash(): Promise<void>
  dice: Dice
  /** How much has been acknowledged, in bytes. */
  progress(): Promise<number>
  isOver(done: Omit<Harm, 'betweenMs'>): Promise<boolean>
}

const EVERY_MS = 250
/** In kills of players. */
const CRASH_EVERY = 7
const STEP_MS = 10
/** From one harm to the next: four notes. Where nothing was done nothing can be lost, and a slow machine gets on too. */
const LEAST_BYTES = 300
const WATCHER_EVERY_MS = 500
/** As many deposits are in two looks, as a rule: when two watchers have told of more, one has come to the end of a look. */
const WORDS = 4
/** From the last that a watcher asks for to the end of its transaction, on a machine that has time. */
const CREDITING_MS = 30

/** Kills one after the other, and crashes the store between. The store is up at the end. */
export async function harm({ players, watchers, crash, dice, progress, isOver }: HarmOptions): Promise<Harm> {
  const done = { kills: 0, crashes: 0, watcherKills: 0 }
  const atMs: number[] = []
  const over = new AbortController()

  async function harmPlayers(): Promise<void> {
    let dueMs = 0
    let seen = 0
    for (;;) {
      await pause(Math.max(STEP_MS, dueMs - performance.now()))
      if (await isOver(done)) return
      const now = await progress()
      if (now < seen + LEAST_BYTES) continue
      const harmedAtMs = performance.now()
      if (!(await harmOnce())) continue
      atMs.push(harmedAtMs)
      dueMs = Math.max(dueMs, harmedAtMs - EVERY_MS) + EVERY_MS
      seen = now
    }
  }

  async function harmOnce(): Promise<boolean> {
    if (atMs.length % CRASH_EVERY === CRASH_EVERY - 1) {
      await crash()
      done.crashes++
      return true
    }
    const isKilled = await players.kill(dice.pick)
    if (isKilled) done.kills++
    return isKilled
  }

  async function harmWatchers(): Promise<void> {
    while (!over.signal.aborted) {
      const afterMs = dice.between(0, CREDITING_MS)
      if (await watchers.killTeller({ words: WORDS, afterMs, signal: over.signal })) done.watcherKills++
      await pause(WATCHER_EVERY_MS, undefined, { signal: over.signal }).catch(() => {})
    }
  }

  const watching = harmWatchers()
  await harmPlayers().finally(() => over.abort())
  await watching
  return { ...done, betweenMs: toBetween(atMs) }
}

function toBetween(atMs: readonly number[]): Harm['betweenMs'] {
  const between = atMs.slice(1).map((at, index) => Math.round(at - (atMs[index] ?? 0)))
  between.sort((a, b) => a - b)
  return { median: between[between.length >> 1] ?? 0, most: between.at(-1) ?? 0 }
}
