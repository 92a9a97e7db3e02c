import type { Logger } from 'pino'

/** What is open. */
export type CleanUp = {
  add(free: () => Promise<unknown>): void
  /** Frees all, what was added last first. Never rejects; a second time changes nothing. */
  run(): Promise<void>
}

export function createCleanUp(log: Pick<Logger, 'error'>): CleanUp {
  const open: (() => Promise<unknown>)[] = []
  return {
    add: (free) => void open.push(free),
    async run() {
      for (const free of open.splice(0).reverse()) {
        // One that fails must not keep the others open, the embedded server above all.
        await free().catch((error: unknown) => log.error({ err: error }, 'a part did not close well'))
      }
    },
  }
}
