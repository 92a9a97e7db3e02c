import type { EventEmitter } from 'node:events'

export type StopOptions = {
  /** The last resort: the process ends this long after the signal, whatever still runs. */
  graceMs?: number
  /** Told what happens, a line each. */
  say?: (line: string) => void
}

/**
 * Stops once on SIGINT, SIGTERM or SIGHUP and exits with 0, or with 1 where stopping failed; a second signal, or the end of the
 * grace, ends the process at once.
 * @param host - the process.
 */
export function stopOnSignal(
  host: EventEmitter & { exit(code: number): never },
  stop: () => Promise<void>,
  { graceMs = 30_000, say = () => {} }: StopOptions = {},
): void {
  let isStopping = false
  const onSignal = (signal: NodeJS.Signals): void => {
    const code = EXIT_CODES[signal] ?? 1
    if (isStopping) {
      say(`${signal} again: ending at once`)
      host.exit(code)
      return
    }
    isStopping = true
    const grace = setTimeout(() => {
      say(`not stopped after ${Math.round(graceMs / 1000)} s: ending at once`)
      host.exit(code)
    }, graceMs)
    grace.unref()
    say(`${signal}: stopping; a second signal ends at once`)
    stop().then(
      () => host.exit(0),
      (error: unknown) => {
        say(`stopping failed: ${error instanceof Error ? error.message : String(error)}`)
        host.exit(1)
      },
    )
  }
  for (const signal of Object.keys(EXIT_CODES)) host.on(signal, onSignal)
}

const EXIT_CODES: Partial<Record<NodeJS.Signals, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }
