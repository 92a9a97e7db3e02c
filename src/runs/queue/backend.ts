import type { IQueueBackend, JobsOptions, JobType } from 'bullmq'
import type { Logger } from 'pino'
import { LEASE_MS } from '../store/times.ts'

/** BullMQ over one of its two stores, as far as runs need it. */
export type QueueBackend = {
  /** For a log: `Redis`, `Postgres`. */
  name: string
  queue: JobQueue
  /** Takes nothing before it is told to `run`. */
  openWorker(process: (data: unknown) => Promise<void>, options: WorkerOptions): JobWorker
  /** Ends the connections that are shared; queue and workers are closed before. */
  close(): Promise<void>
}

export type BackendOptions = {
  log: Pick<Logger, 'info' | 'warn'>
  /** How long a worker may be silent before its jobs are given to others. */
  leaseMs?: number
  /** How long a server that does not answer is waited for. */
  waitMs?: number
}

/** `isStopping`: takes no more from then on. */
export type WorkerOptions = { concurrency: number; isStopping(): boolean }

export type JobQueue = Connected & {
  add(name: string, data: { runId: string }, options: JobsOptions): Promise<unknown>
  getJobState(id: string): Promise<string>
  getJobCounts(...types: JobType[]): Promise<Partial<Record<string, number>>>
}

export type JobWorker = Connected & {
  /** Resolves once it is closed. */
  run(): Promise<void>
}

type Connected = {
  on(event: 'error', listener: (error: Error) => void): unknown
  waitUntilReady(): Promise<unknown>
  /** Waits for the jobs in work, and for a store that is away. */
  close(): Promise<void>
  /** Does not. */
  disconnect(): Promise<void>
}

export const QUEUE_NAME = 'runs'

/**
 * A worker is killed with its jobs: others have them back soon after its lease. Nothing rests on that, as the store
 * decides who works on a run, so a job may come back as often as it likes.
 */
export function toWorkerOptions(leaseMs = LEASE_MS) {
  return {
    autorun: false,
    lockDuration: Math.round((5 / 8) * leaseMs), // both take whole milliseconds
    stalledInterval: Math.round(leaseMs / 4),
    maxStalledCount: 1_000_000,
    runRetryDelay: 1_000,
    drainDelay: 5,
  }
}

/** Nobody reads BullMQ's stream of events. */
export const QUEUE_OPTIONS = { streams: { events: { maxLen: 256 } } }

/**
 * BullMQ asks again at once where its store answers with an error (starting, read-only, out of memory), for as long as that
 * lasts, and on Postgres it may sleep for an hour after one: this one takes a breath, and looks every few seconds. And a worker
 * that closes may take one job more, which then waits for the drain.
 */
export function steady<Backend extends IQueueBackend>(backend: Backend, isStopping: () => boolean): Backend {
  const moveToActive = backend.moveToActive.bind(backend)
  backend.moveToActive = async (token, name) => {
    if (isStopping()) return []
    try {
      return await moveToActive(token, name)
    } catch (error) {
      await new Promise((resolve) => setTimeout(resolve, BREATH_MS))
      throw error
    }
  }
  Object.defineProperty(backend, 'maximumBlockTimeout', { value: LONGEST_SLEEP_SEC })
  return backend
}

const BREATH_MS = 500
const LONGEST_SLEEP_SEC = 5
