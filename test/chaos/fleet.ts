import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Dice } from './dice.ts'
import type { Journal } from './journal.ts'

/** Gateways and workers as processes, each of which is started again whenever it is gone. */
export type Fleet = {
  gateways: readonly Member[]
  workers: readonly Member[]
  /** Resolves once a gateway and a worker are up. */
  awake(): Promise<void>
  /** Resolves once all are up, and whatever was begun with them is over. */
  settle(): Promise<void>
  close(): Promise<void>
}

export type Member = {
  name: string
  /** Where it listened last. */
  url: string
  state: 'up' | 'frozen' | 'down'
  /** When it stood still, or ended, by the clock of the world. */
  readonly gaps: readonly Gap[]
  /** What it did that no process may do. */
  readonly wrongs: readonly string[]
  kill(): void
  terminate(): void
  freeze(ms: number): void
}

/** @property isSudden - it was gone at once, and could not finish what it was at. */
export type Gap = { fromMs: number; toMs: number; isSudden: boolean }

export type FleetOptions = {
  env: Record<string, string>
  journal: Journal
  /** Which clock the next process has. */
  dice: Dice
  /** Whether a start may fail that began then, for want of what it needs. */
  isHard(sinceMs: number): boolean
}

export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const under = new Set<Promise<void>>()
  const track = (work: Promise<void>) => {
    under.add(work)
    void work.finally(() => under.delete(work))
  }
  const open = (role: string, count: number) =>
    Array.from({ length: count }, (_, index) => createMember(`${role}${index + 1}`, role, options, track))
  const gateways = open('gateway', 2)
  const workers = open('worker', 2)
  const all = [...gateways, ...workers]
  await Promise.all(all.map(({ start }) => start()))
  const faults = all.flatMap(({ member }) => member.wrongs)
  if (faults.length > 0) {
    await Promise.all(all.map(({ end }) => end()))
    throw new Error(faults.join('\n'))
  }
  return {
    gateways: gateways.map(({ member }) => member),
    workers: workers.map(({ member }) => member),
    async awake() {
      const isUp = ({ member }: { member: Member }) => member.state === 'up'
      while (under.size > 0 && !(gateways.some(isUp) && workers.some(isUp))) await pause(20)
    },
    async settle() {
      while (under.size > 0) await Promise.all(under)
    },
    async close() {
      await Promise.all(all.map(({ end }) => end()))
    },
  }
}

const ROOT = resolve(import.meta.dirname, '../..')
const HOUR_MS = 3_600_000

function createMember(name: string, role: string, { env, journal, dice, isHard }: FleetOptions, track: Track) {
  const gaps: Gap[] = []
  const wrongs: string[] = []
  let child: ChildProcess | undefined
  let isWanted = true
  let expectsExit = false

  async function start(): Promise<void> {
    while (isWanted) if (await tryStart()) return
  }

  async function tryStart(): Promise<boolean> {
    const skewMs = dice.pick([0, 0, HOUR_MS, -HOUR_MS])
    const started = spawn(
      process.execPath,
      ['--max-semi-space-size=16', '--import', resolve(import.meta.dirname, 'skewed-clock.ts'), 'src/main.ts'],
      {
        cwd: ROOT,
        env: {
          PATH: process.env.PATH,
          PORT: '0',
          ...env,
          ROLE: role,
          VLLM_API_KEY: name,
          CLOCK_SKEW_MS: String(skewMs),
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
    child = started
    const startedAtMs = Date.now()
    expectsExit = false
    const gone = once(started, 'exit').then(([code, signal]) => ({ code, signal }))
    const listening = Promise.withResolvers<string>()
    let rest = ''
    let said = ''
    for (const stream of [started.stdout, started.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) {
          said = line
          read(line, listening.resolve)
        }
      })
    }
    const url = await Promise.race([listening.promise, gone.then(() => undefined)])
    void gone.then(({ code, signal }) => {
      if (expectsExit || (url === undefined && isHard(startedAtMs))) return
      wrongs.push(`${name} ended by itself (${code ?? signal}): ${said || rest}`)
      journal.note(wrongs.at(-1) ?? '')
      if (url !== undefined) revive(Date.now())
    })
    if (url === undefined) {
      journal.note(`${name} could not start: ${said || rest}`)
      if (!isHard(startedAtMs) && !expectsExit) isWanted = false
      await pause(200)
      return false
    }
    member.url = url
    member.state = 'up'
    journal.note(`${name} is up${skewMs === 0 ? '' : `, ${skewMs / HOUR_MS} h off`}`)
    return true
  }

  function read(line: string, onUrl: (url: string) => void): void {
    if (!line.startsWith('{')) {
      if (line.trim() !== '') journal.note(`${name} says: ${line}`)
      return
    }
    const { level, msg, url, err, runId, part, req } = JSON.parse(line)
    if (msg === 'listening') onUrl(String(url).replace(/\/v1$/, ''))
    else if ((level >= 40 || member.state === 'down') && part === undefined && req === undefined && msg !== 'request') {
      const about = [runId, err?.message].filter((part) => part !== undefined).join(', ')
      journal.note(`${name} logs: ${msg}${about === '' ? '' : ` (${about})`}`)
    }
  }

  function revive(fromMs: number): void {
    member.state = 'down'
    track(
      start().then(() => {
        gaps.push({ fromMs, toMs: Date.now(), isSudden: true })
      }),
    )
  }

  function leave(signal: 'SIGKILL' | 'SIGTERM', limitMs: number): void {
    const leaving = child
    if (member.state !== 'up' || leaving === undefined) return
    expectsExit = true
    member.state = 'down'
    const fromMs = Date.now()
    journal.note(`${name} gets ${signal}`)
    leaving.kill(signal)
    const away = once(leaving, 'exit').then(([code, by]) => {
      if (signal === 'SIGTERM' && code !== 0) wrongs.push(`${name} was told to stop, and ended with ${code ?? by}`)
    })
    const late = setTimeout(() => {
      wrongs.push(`${name} had not stopped ${limitMs} ms after ${signal}`)
      leaving.kill('SIGKILL')
    }, limitMs)
    track(
      away
        .then(() => clearTimeout(late))
        .then(start)
        .then(() => {
          gaps.push({ fromMs, toMs: Date.now(), isSudden: signal === 'SIGKILL' })
        }),
    )
  }

  const member: Member = {
    name,
    url: '',
    state: 'down',
    gaps,
    wrongs,
    kill: () => leave('SIGKILL', 10_000),
    terminate: () => leave('SIGTERM', 30_000),
    freeze(ms) {
      const frozen = child
      if (member.state !== 'up' || frozen === undefined) return
      member.state = 'frozen'
      const fromMs = Date.now()
      journal.note(`${name} stands still for ${ms} ms`)
      frozen.kill('SIGSTOP')
      track(
        pause(ms).then(() => {
          gaps.push({ fromMs, toMs: Date.now(), isSudden: false })
          journal.note(`${name} goes on`)
          frozen.kill('SIGCONT')
          member.state = 'up'
        }),
      )
    },
  }

  async function end(): Promise<void> {
    isWanted = false
    expectsExit = true
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  return { member, start, end }
}

type Track = (work: Promise<void>) => void
