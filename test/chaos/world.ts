import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createRunQueue } from '../../src/runs/queue/create-run-queue.ts'
import type { RunQueue } from '../../src/runs/run-queue.ts'
import { logLines } from '../support/log-lines.ts'
import { launchRedis, type RedisProcess } from '../support/redis-process.ts'
import { type Backends, startBackends } from './backends.ts'
import { createDice } from './dice.ts'
import { type Fleet, startFleet } from './fleet.ts'
import type { Journal } from './journal.ts'
import { ADMIN_KEY, fundCallers, PRICE } from './money.ts'
import type { Round } from './plan.ts'
import { type Store, startStore } from './store.ts'

/** Two gateways and two workers as processes, and all that they need, each of which can be broken. */
export type World = {
  fleet: Fleet
  store: Store
  redis: RedisProcess | undefined
  backends: Backends
  /** For jobs that nobody of the fleet has added. */
  queue: RunQueue
  /** Bounds what a start may fail of, and a write wait for: while the store or Redis is away. Without an end it goes on. */
  hardships: Hardship[]
  close(): Promise<void>
}

export type Hardship = { fromMs: number; toMs: number | undefined }

const COMPILED = resolve(import.meta.dirname, '../../node_modules/.cache/chaos')

/** On a machine where a process takes many seconds to start, a run that is taken over several times must not end for that. */
const RUN_MS = 120_000
/** Short, so that whoever takes over does so soon; long enough for a busy machine. */
export const LEASE_MS = 1_500

export async function startWorld({
  seed,
  plan,
  queue: kind,
  journal,
}: {
  seed: number
  plan: readonly Round[]
  queue: 'postgres' | 'redis'
  journal: Journal
}): Promise<World> {
  const open: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const end of open.splice(0).reverse()) await end()
  }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'groundwire-chaos-'))
    open.push(() => rm(folder, { recursive: true, force: true, maxRetries: 20 }))
    const store = await startStore()
    open.push(store.close)
    await fundCallers(store.url, plan)
    const redis = kind === 'redis' ? await launchRedis({ 'maxmemory-policy': 'noeviction' }) : undefined
    if (redis !== undefined) open.push(redis.remove)
    const backends = await startBackends(journal)
    open.push(backends.close)
    const modelsFile = join(folder, 'models.json')
    await writeFile(modelsFile, JSON.stringify(toModelsFile(backends)))
    const hardships: Hardship[] = []
    const fleet = await startFleet({
      env: {
        DATABASE_URL: store.url,
        ...(redis && { REDIS_URL: redis.url }),
        DATA_DIR: folder,
        MODELS_FILE: modelsFile,
        FREE_MODE: '0',
        DEFAULT_PRICE: PRICE,
        ADMIN_KEY,
        RUNPOD_API_KEY: 'rp-test',
        RPC_URL_1: backends.rpc.url,
        CHAINS: 'ethereum',
        LEASE_MS: String(LEASE_MS),
        RUNS_PER_CALLER: '6',
        WORKER_CONCURRENCY: '6',
        DRAIN_MS: '500',
        NODE_COMPILE_CACHE: COMPILED,
      },
      journal,
      dice: createDice(`clocks ${seed}`),
      isHard: (sinceMs) => hardships.some(({ toMs }) => toMs === undefined || toMs >= sinceMs),
    })
    open.push(fleet.close)
    const queue = await createRunQueue({ databaseUrl: store.url, redisUrl: redis?.url, log: logLines().log })
    open.push(() => queue.close())
    return { fleet, store, redis, backends, queue, hardships, close }
  } catch (error) {
    await close()
    throw error
  }
}

function toModelsFile({ vllmUrl, runpod }: Backends): object {
  const vllm = { baseUrl: vllmUrl, apiKeyEnv: 'VLLM_API_KEY', contextTokens: 32_768 }
  const timeouts = { connectMs: 2_000, firstTokenMs: 20_000, idleMs: 20_000 }
  return {
    models: {
      operator: { backends: [{ use: 'openai:small', ...vllm, timeouts }] },
      conductor: {
        queued: true,
        backends: [{ use: 'openai:big', ...vllm, timeouts }],
        limits: { runTimeoutMs: RUN_MS },
      },
      pod: {
        queued: true,
        backends: [
          {
            use: 'runpod:big',
            baseUrl: runpod.url,
            endpointId: 'ep-test',
            apiKeyEnv: 'RUNPOD_API_KEY',
            contextTokens: 32_768,
          },
        ],
        limits: { runTimeoutMs: RUN_MS },
      },
    },
  }
}
