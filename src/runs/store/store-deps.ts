import type { Kysely } from 'kysely'
import type { Tables } from '../../db/schema.ts'

export type StoreDb = Kysely<Tables>

export type RunStoreLimits = {
  /** Of one caller: in the queue or in work at once. */
  runsPerCaller: number
  /** Of one caller: not ended. */
  pendingPerCaller: number
  /** Of one caller: done by the process that took them, and not ended. Default: no limit. */
  answersPerCaller?: number
  /** Of all callers: not ended. */
  queueLimit: number
  /** How long a run may wait for a worker. */
  queueTimeoutMs: number
  /** A worker that has not renewed its claim for so long has lost the run. Default: {@link LEASE_MS}. */
  leaseMs?: number
}
