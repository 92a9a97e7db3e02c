import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

/** A server in a process of its own, so that its CPU can be told from ours. */
export type Child = {
  url: string
  /** From the process's start until it said that it serves. */
  bootMs: number
  /** User and system time so far. */
  cpuMs(): Promise<number>
  /** Asks for counters of the server's own. */
  counters(): Promise<Record<string, number>>
  stop(): Promise<void>
}

export type ChildMessage =
  | { type: 'ready'; url: string }
  | { type: 'reply'; cpuMs: number; counters: Record<string, number> }

export async function startChild(script: string, env: Record<string, string>): Promise<Child> {
  const startedAt = performance.now()
  const child = fork(join(import.meta.dirname, script), {
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', ...env },
    execArgv: ['--max-semi-space-size=16'],
  })
  const exited = once(child, 'exit')
  const next = async (): Promise<ChildMessage> => {
    const message = once(child, 'message') as Promise<[ChildMessage]>
    const gone = exited.then(([code]) => Promise.reject(new Error(`${script} ended with ${String(code)}.`)))
    return (await Promise.race([message, gone]))[0]
  }
  const ready = await next()
  if (ready.type !== 'ready') throw new Error(`${script} did not say that it serves.`)
  const bootMs = performance.now() - startedAt
  const ask = async () => {
    const reply = next()
    child.send('report')
    const message = await reply
    if (message.type !== 'reply') throw new Error(`${script} gave no report.`)
    return message
  }
  return {
    url: ready.url,
    bootMs,
    cpuMs: async () => (await ask()).cpuMs,
    counters: async () => (await ask()).counters,
    async stop() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

/** For the script in the child: says that it serves, and answers reports. */
export function serveReports(url: string, counters: () => Record<string, number> = () => ({})): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.({ type: 'reply', cpuMs: (user + system) / 1000, counters: counters() } satisfies ChildMessage)
  })
  process.on('disconnect', () => process.exit(0))
  process.send?.({ type: 'ready', url } satisfies ChildMessage)
}
