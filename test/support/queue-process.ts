import { createRunQueue } from '../../src/runs/queue/create-run-queue.ts'
import { logLines } from './log-lines.ts'

// A process that takes jobs, says so on stdout, and never ends them: `node queue-process.ts <Postgres or Redis URL>`
const url = process.argv[2] ?? ''
const queue = await createRunQueue({
  databaseUrl: url,
  redisUrl: url.startsWith('redis:') ? url : undefined,
  log: logLines().log,
})
queue.work(
  async (runId) => {
    process.stdout.write(`${runId}\n`)
    await new Promise(() => {})
  },
  { concurrency: 4 },
)
