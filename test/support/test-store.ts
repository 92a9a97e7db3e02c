import { randomBytes } from 'node:crypto'
import type { Database } from '../../src/db/database.ts'
import type { RunRecord } from '../../src/runs/run-record.ts'
import type { NewRun, RunStore } from '../../src/runs/run-store.ts'
import { createRunStore } from '../../src/runs/store/create-run-store.ts'
import { testDatabase } from './database.ts'

/** Runs in a database of their own, and a way to ask for one. */
export async function testStore(database?: Database): Promise<{
  store: RunStore
  database: Database
  submit(run?: Partial<NewRun>): Promise<RunRecord>
}> {
  const opened = database ?? (await testDatabase())
  const store = createRunStore({
    database: opened,
    limits: { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 60_000 },
    retentionMs: 3_600_000,
  })
  return {
    store,
    database: opened,
    async submit(run) {
      const { run: stored } = await store.submit({ ...RUN, id: `run_${randomBytes(12).toString('hex')}`, ...run })
      return stored
    },
  }
}

const RUN: Omit<NewRun, 'id'> = {
  caller: 'key_test',
  route: 'chat',
  model: 'conductor',
  order: {
    messages: [{ role: 'user', text: 'hello' }],
    params: {},
    stream: false,
    serverTools: true,
    clientTools: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    format: undefined,
  },
  envelope: {},
  bodyHash: '0'.repeat(64),
  background: true,
  runTimeoutMs: 60_000,
}
