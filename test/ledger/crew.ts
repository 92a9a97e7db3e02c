import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Processes that do one thing, each of which is replaced at once when it is killed: by one that was started ahead. */
export type Crew = {
  /** Sends the first ones in. @param word - what every process is told to begin with. */
  begin(word: string): void
  /** Kills one that has something to lose. False where there is none, or nobody to replace it. */
  kill(choose: <Item>(items: readonly Item[]) => Item): Promise<boolean>
  /**
   * Lets so many words be told by those that work, and kills the one that tells the next, `afterMs` later. False where the signal
   * came before.
   */
  killTeller(options: { words: number; afterMs: number; signal: AbortSignal }): Promise<boolean>
  /** What no process may do. */
  readonly wrongs: readonly string[]
  close(): Promise<void>
}

export type CrewOptions = {
  /** Path of one that stands by. */
  script: string
  /** For what processes have compiled: one that is killed leaves nothing behind by itself, and the next would start as slowly. */
  compiledFolder: string
  /** Of the n-th process. */
  args(n: number): readonly string[]
  /** How many work at once. */
  size: number
  /** How many are started ahead. */
  spares: number
}

export function createCrew({ script, compiledFolder, args, size, spares }: CrewOptions): Crew {
  const working: Hand[] = []
  const waiting: Hand[] = []
  const wrongs: string[] = []
  const tellers = new EventEmitter()
  let started = 0
  let word: string | undefined

  function hire(): void {
    const hand = startHand([script, ...args(started++)], compiledFolder, {
      onReady: fill,
      onWord: () => tellers.emit('word', hand),
      onEnd: (how) => wrongs.push(`${basename(script)} ended by itself: ${how}`),
    })
    waiting.push(hand)
  }

  function fill(): void {
    while (word !== undefined && working.length < size) {
      const spare = waiting.find(({ isReady }) => isReady())
      if (spare === undefined) return
      waiting.splice(waiting.indexOf(spare), 1)
      working.push(spare)
      spare.begin(word)
      hire()
    }
  }

  const hasSpare = () => waiting.some(({ isReady }) => isReady())

  async function kill(hand: Hand): Promise<boolean> {
    working.splice(working.indexOf(hand), 1)
    await hand.kill()
    fill()
    return true
  }

  for (let n = 0; n < size + spares; n++) hire()
  return {
    begin(given) {
      word = given
      fill()
    },
    async kill(choose) {
      const busy = working.filter(({ isBusy }) => isBusy())
      return busy.length > 0 && hasSpare() && (await kill(choose(busy)))
    },
    async killTeller({ words: least, afterMs, signal }) {
      for (let told = 0; ; told++) {
        const hand = await once(tellers, 'word', { signal }).then(
          ([hand]: Hand[]) => hand,
          () => undefined,
        )
        if (hand === undefined) return false
        if (told < least || !hasSpare()) continue
        await pause(afterMs)
        return kill(hand)
      }
    },
    wrongs,
    async close() {
      word = undefined
      await Promise.all([...working, ...waiting].map(({ kill }) => kill()))
    },
  }
}

type Hand = {
  /** It could begin. */
  isReady(): boolean
  /** It has begun, and told so. */
  isBusy(): boolean
  begin(word: string): void
  kill(): Promise<void>
}

type HandEvents = { onReady(): void; onWord(): void; onEnd(how: string): void }

function startHand(args: readonly string[], compiled: string, { onReady, onWord, onEnd }: HandEvents): Hand {
  const child: ChildProcess = spawn(process.execPath, args, {
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let isKilled = false
  let isReady = false
  let isBusy = false
  const gone = once(child, 'exit').then(([code, signal]) => {
    isReady = false
    isBusy = false
    if (!isKilled) onEnd(`${code ?? signal}`)
  })
  child.stdin?.on('error', () => {}) // it was killed before it has read
  child.stdout?.on('data', () => {
    if (isReady) {
      isBusy = true
      onWord()
    } else {
      isReady = true
      onReady()
    }
  })
  return {
    isReady: () => isReady,
    isBusy: () => isBusy,
    begin: (word) => void child.stdin?.write(`${word}\n`),
    async kill() {
      isKilled = true
      child.kill('SIGKILL')
      await gone
    },
  }
}
