import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import type { RunOutcome, RunRecord, StoredOrder } from '../../src/runs/run-record.ts'
import type { ClaimedRun, NewRun, RunStore } from '../../src/runs/run-store.ts'
import { createRunStore, type RunStoreDeps } from '../../src/runs/store/create-run-store.ts'
import type { ToolRecord } from '../../src/runs/tool-record.ts'
import { testDatabase } from './database.ts'

export type TestStore = {
  store: RunStore
  database: Database
  submit(changes?: Partial<NewRun>): Promise<RunRecord>
  /** Lets time pass, by the store's clock. */
  pass(ms: number): Promise<void>
}

/** An empty store of its own. */
export async function testStore({
  retentionMs = 86_400_000,
  ...limits
}: Partial<RunStoreDeps['limits']> & { retentionMs?: number } = {}): Promise<TestStore> {
  const database = await testDatabase()
  const all = { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 900_000, ...limits }
  const store = createRunStore({ database, limits: all, retentionMs })
  return {
    store,
    database,
    submit: async (changes) => (await store.submit(newRun(changes))).run,
    pass: (ms) => passTime(database, ms),
  }
}

/** Moves every time that the store has written into the past. */
export async function passTime({ db }: Pick<Database, 'db'>, ms: number): Promise<void> {
  for (const [table, columns] of Object.entries(TIMES)) {
    const moved = columns.map((column) => `${column} = ${column} - ${ms} * interval '1 ms'`)
    await sql.raw(`update ${table} set ${moved.join(', ')}`).execute(db)
  }
}

const TIMES = {
  runs: [
    ...['created_at', 'admitted_at', 'added_at', 'started_at', 'ended_at'],
    ...['deadline', 'abandon_at', 'lease_until', 'webhook_at'],
  ],
  run_jobs: ['try_at'],
  idempotency_keys: ['created_at'],
  kept: ['expires_at'],
  leases: ['until'],
}

export const newRunId = () => `run_${randomBytes(12).toString('hex')}`

export function newRun(changes: Partial<NewRun> = {}): NewRun {
  return {
    id: newRunId(),
    caller: 'alice',
    route: 'chat',
    model: 'conductor',
    order: ORDER,
    envelope: null,
    bodyHash: 'a1',
    background: true,
    runTimeoutMs: 600_000,
    ...changes,
  }
}

export const ORDER: StoredOrder = {
  messages: [{ role: 'user', text: 'how many?' }],
  params: {},
  stream: false,
  serverTools: true,
  clientTools: [],
  toolChoice: 'auto',
  parallelToolCalls: true,
  format: undefined,
}

/** Submitted, and claimed by a worker. */
export async function claimedRun(store: RunStore, changes: Partial<NewRun> = {}): Promise<ClaimedRun> {
  const { run } = await store.submit(newRun(changes))
  const claimed = await store.claim(run.id, 'worker 1')
  if (claimed === undefined) throw new Error(`${run.id} cannot be claimed`)
  return claimed
}

export const completed = (text = 'Seven.'): RunOutcome => ({
  state: 'completed',
  model: 'conductor',
  text,
  toolCalls: [],
  reason: 'stop',
  usage: { promptTokens: 1, completionTokens: 1 },
  trace: { runId: '', backend: 'x', steps: 1, limit: null, toolCalls: [], blocks: [], reorgs: [], evidence: [] },
})

export const failed = (status: number): RunOutcome => ({
  state: 'failed',
  error: { message: 'It did not go well.', status, code: null, type: 'server_error', param: null, details: {} },
})

export const toolRecord = (step: number, callId: string, summary = 'It is 7.'): ToolRecord => ({
  step,
  callId,
  name: 'nonce',
  result: { ok: true, text: summary, summary, output: { raw: 7n }, blocks: [] },
  durationMs: 3,
  evidence: [],
})
