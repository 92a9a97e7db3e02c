import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { within } from '../../within.ts'

export type ListenOptions = {
  connectionString: string
  channel: string
  log: Pick<Logger, 'info' | 'warn'>
  onNews(payload: string): void
  /** What was told while the connection was broken is lost. */
  onReconnected(): void
}

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 5_000
const CONNECT_MS = 5_000
const GOODBYE_MS = 1_000

/** Listens on a connection of its own, and on another whenever that breaks. Returns what ends it. */
export function listen({ connectionString, channel, log, onNews, onReconnected }: ListenOptions): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const stopped = once(signal, 'abort')

  /** Resolves once the connection has broken, or is to end. */
  async function hold(onConnected: () => void): Promise<void> {
    const client = new pg.Client({
      connectionString,
      application_name: 'groundwire news',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_MS,
    })
    const broken = new Promise<void>((resolve) => {
      client.on('end', resolve).on('error', () => resolve())
    })
    try {
      await client.connect()
      client.on('notification', ({ payload = '' }) => onNews(payload))
      await client.query(`listen ${channel}`)
      onConnected()
      await Promise.race([broken, stopped])
    } finally {
      // A server that stands still does not say goodbye.
      await within(
        GOODBYE_MS,
        client.end().catch(() => {}),
      )
    }
  }

  async function keep(): Promise<void> {
    let waitMs = 0
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      await hold(() => {
        if (waitMs > 0) log.info('hears news of runs again')
        if (!isFirst) onReconnected()
        waitMs = 0
      }).catch(() => {})
      if (signal.aborted) return
      if (waitMs === 0) log.warn('lost the connection that brings news of runs: looks for them every few seconds')
      waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, 2 * waitMs))
      await delay(waitMs, undefined, { signal }).catch(() => {})
    }
  }

  const kept = keep()
  return async () => {
    stopping.abort()
    await kept
  }
}
