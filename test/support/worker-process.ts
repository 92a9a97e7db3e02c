import { connectDatabase } from '../../src/db/connect-database.ts'
import { createRunQueue } from '../../src/runs/queue/create-run-queue.ts'
import { createRunStore } from '../../src/runs/store/create-run-store.ts'
import { createRunWorker } from '../../src/runs/worker/create-run-worker.ts'
import { createLeaseKeeper } from '../../src/runs/worker/lease-keeper.ts'
import { createSweeper } from '../../src/runs/worker/sweeper.ts'
import { logLines } from './log-lines.ts'
import { twoStepWork } from './two-step-work.ts'

// A worker as a process, with shipped settings: `node worker-process.ts <DATABASE_URL>`. Its work stops in the middle until a
// line comes on stdin; it tells how far it is on stdout, a line a time: `step 1 <fence>`.
const databaseUrl = process.argv[2] ?? ''
const { log } = logLines()
const database = connectDatabase({ connectionString: databaseUrl, advice: '' })
const limits = { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 60_000 }
const store = createRunStore({ database, limits, retentionMs: 3_600_000 })
const queue = await createRunQueue({ databaseUrl, log })
const middle = new Promise((resolve) => process.stdin.once('data', resolve))
createRunWorker({
  store,
  queue,
  leaseKeeper: createLeaseKeeper({ store, log }),
  sweeper: createSweeper({ store, queue, log }),
  work: twoStepWork(store, (told, { fence }) => process.stdout.write(`${told} ${fence}\n`), middle),
  concurrency: 4,
  worker: 'process',
  log,
})
