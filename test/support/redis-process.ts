import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type RedisProcess = {
  url: string
  port: number
  /** As by `kill -9`, `SIGSTOP`, …; resolves when it is gone where it goes. */
  signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** On the same port and folder, after it is gone. */
  start(): Promise<void>
  /** For good. */
  remove(): Promise<void>
}

/** A Redis as the queue wants it. `settings` are those of its configuration file. */
export async function launchRedis(settings: Record<string, string> = {}): Promise<RedisProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-redis-'))
  const port = await freePort()
  const all = { dir: folder, port: String(port), bind: '127.0.0.1', save: '', appendonly: 'yes', ...settings }
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, ...value.split(' ')])
  let child: ChildProcess

  async function start(): Promise<void> {
    child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
    for await (const line of child.stdout ?? []) if (/Ready to accept connections/.test(String(line))) break
    if (child.exitCode !== null) throw new Error('redis-server did not start')
    child.stdout?.resume()
  }

  async function signal(name: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const isGone = child.exitCode !== null || child.signalCode !== null
    const gone = isGone || name === 'SIGSTOP' || name === 'SIGCONT' ? undefined : once(child, 'exit')
    child.kill(name)
    await gone
  }

  async function remove(): Promise<void> {
    await signal('SIGKILL')
    await rm(folder, { recursive: true, force: true })
  }

  await start()
  return { url: `redis://127.0.0.1:${port}`, port, signal, start, remove }
}

export const hasRedis = () => spawnSync('redis-server', ['--version']).error === undefined

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}
