import type { EventEmitter } from 'node:events'

const GRACE_MS = 30_000

/**
 * Stops once on SIGINT, SIGTERM or SIGHUP and exits with 0; a second signal, or 30 s, ends the wait.
 * @param host - the process.
 */
export function stopOnSignal(host: EventEmitter & { exit(code: number): never }, stop: () => Promise<void>): void {
  let stopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = EXIT_CODES[signal] ?? 1
    if (stopping) host.exit(code)
    stopping = true
    setTimeout(() => host.exit(code), GRACE_MS).unref()
    stop().then(
      () => host.exit(0),
      () => host.exit(1),
    )
  }
  for (const signal of Object.keys(EXIT_CODES)) host.on(signal, onSignal)
}

const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
