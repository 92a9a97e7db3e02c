import { sql } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../../db/database.ts'
import type { RunNews, RunWatch } from '../run-news.ts'
import { RUNS_CHANNEL } from '../store/announce.ts'
import { createWatches } from './create-watches.ts'
import { listen } from './listen.ts'

export type RunNewsDeps = {
  database: Pick<Database, 'db' | 'connectionString'>
  log: Pick<Logger, 'info' | 'warn'>
  pollMs?: number
}

const POLL_MS = 2_000

/**
 * Hears of changes as they are committed, by LISTEN, and looks for those it may have missed: all watched runs in one query, so
 * that many who wait cost no more than few.
 */
export function createRunNews({ database: { db, connectionString }, log, pollMs = POLL_MS }: RunNewsDeps): RunNews {
  const watches = createWatches()
  const stopListening = listen({
    connectionString,
    channel: RUNS_CHANNEL,
    log,
    onNews: (runId) => watches.tell(runId),
    onReconnected: () => watches.tellAll(),
  })
  let polling: Promise<void> | undefined
  const timer = setInterval(() => {
    polling ??= poll().finally(() => {
      polling = undefined
    })
  }, pollMs)

  async function poll(): Promise<void> {
    const ids = watches.ids()
    if (ids.length === 0) return
    try {
      const { rows } = await sql<{ id: string; last_seq: number }>`
        select id, last_seq from runs where id = any(${ids})`.execute(db)
      const newest = new Map(rows.map((row) => [row.id, row.last_seq]))
      for (const id of ids) watches.compare(id, newest.get(id))
    } catch {
      // The store is away, which others tell; the next poll may find it.
    }
  }

  return {
    watch: (runId): RunWatch => watches.add(runId),
    async close() {
      clearInterval(timer)
      await Promise.all([stopListening(), polling])
      watches.tellAll()
    },
  }
}
