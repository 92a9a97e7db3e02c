import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

/** A server in a process of its own, so that its CPU can be told from ours. */
export type Child = {
  url: string
  /** From the process's start until it said that it serves. */
  bootMs: number
  report(): Promise<ChildReport>
  stop(): Promise<void>
}

export type ChildReport = {
  /** User and system time so far. */
  cpuMs: number
  rssMb: number
  /** How late the event loop came, 99 times out of 100, since the last report. */
  loopDelayP99Ms: number
  /** The server's own, since its start. */
  counters: Record<string, number>
}

type ChildMessage = { type: 'ready'; url: string } | { type: 'report'; report: ChildReport }

export async function startChild(script: string, env: Record<string, string>): Promise<Child> {
  const startedAt = performance.now()
  const child = fork(join(import.meta.dirname, script), {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env },
    execArgv: ['--max-semi-space-size=16'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exited = once(child, 'exit')
  const next = async (): Promise<ChildMessage> => {
    const message = once(child, 'message') as Promise<[ChildMessage]>
    const gone = exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${String(code)}.`)))
    return (await Promise.race([message, gone]))[0]
  }
  const ready = await next()
  if (ready.type !== 'ready') throw new Error(`${script} did not say that it serves.`)
  return {
    url: ready.url,
    bootMs: performance.now() - startedAt,
    async report() {
      const reply = next()
      child.send('report')
      const message = await reply
      if (message.type !== 'report') throw new Error(`${script} gave no report.`)
      return message.report
    },
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

const LOOP_CHECK_MS = 10

/** For the script in the child: says that it serves, and answers reports. */
export function serveReports(url: string, counters: () => Record<string, number> = () => ({})): void {
  const loop = monitorEventLoopDelay({ resolution: LOOP_CHECK_MS })
  loop.enable()
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    const report: ChildReport = {
      cpuMs: (user + system) / 1_000,
      rssMb: process.memoryUsage.rss() / 2 ** 20,
      // Node counts the time from check to check.
      loopDelayP99Ms: Math.max(0, loop.percentile(99) / 1e6 - LOOP_CHECK_MS),
      counters: counters(),
    }
    loop.reset()
    process.send?.({ type: 'report', report } satisfies ChildMessage)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ type: 'ready', url } satisfies ChildMessage)
}
