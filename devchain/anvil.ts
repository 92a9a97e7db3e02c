import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'

/** One running node. */
export type Anvil = {
  url: string
  pid: number
  /** Resolves when the process is gone, whoever ended it. */
  exited: Promise<void>
  /** Ends it at once, and resolves when it is gone. */
  stop(): Promise<void>
}

export type AnvilOptions = {
  /** Ends the start; a node that already listens is not touched. */
  signal?: AbortSignal | undefined
  /** Called at once, long before the node listens. */
  onSpawn?: (pid: number) => void
}

const START_TIMEOUT_MS = 20_000

/**
 * Starts anvil on a free port of 127.0.0.1 and resolves once it listens.
 * @throws Error with what anvil printed when it ends before that; the signal's reason when that fires first.
 */
export async function startAnvil(
  binary: string,
  args: readonly string[],
  { signal, onSpawn }: AnvilOptions = {},
): Promise<Anvil> {
  signal?.throwIfAborted()
  // No --quiet: it hides the line that tells the port.
  const child = spawn(binary, ['--host', '127.0.0.1', '--port', '0', '--no-cors', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  const exited = once(child, 'close').then(
    () => void process.off('exit', kill),
    () => void process.off('exit', kill), // it never started: there is nothing to wait for
  )
  const stop = () => {
    kill()
    return exited
  }
  try {
    if (child.pid !== undefined) onSpawn?.(child.pid)
    const limit = AbortSignal.timeout(START_TIMEOUT_MS)
    const url = await listeningUrl(child, signal ? AbortSignal.any([signal, limit]) : limit)
    return { url, pid: child.pid as number, exited, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function listeningUrl(child: ChildProcess, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let printed = ''
  const read = (chunk: Buffer) => {
    // Only the first words matter; the rest is a line for every request.
    if (printed.length < 16_384) printed += chunk
    const address = /Listening on (127\.0\.0\.1:\d+)/.exec(printed)?.[1]
    if (address !== undefined) resolve(`http://${address}`)
  }
  child.stdout?.on('data', read)
  child.stderr?.on('data', read)
  child.once('error', ({ message }) => reject(new Error(`anvil could not be started: ${message}`)))
  child.once('close', (code, killedBy) => {
    const lastWords = printed.trim().slice(-300).replace(/\s+/g, ' ')
    reject(new Error(`anvil ended with ${code ?? killedBy} before it listened: ${lastWords}`))
  })
  signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  return promise
}
