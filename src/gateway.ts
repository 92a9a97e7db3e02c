import type { Logger } from 'pino'
import { DEFAULT_LIMITS } from './agent/limits.ts'
import { createApp } from './app.ts'
import { CHAIN_WORDS } from './chain/chain-list.ts'
import { createChains } from './chain/chains.ts'
import { warmUpNames } from './chain/ens.ts'
import type { Config } from './config.ts'
import { createBackgroundRuns } from './http/responses/background-runs.ts'
import type { Readiness } from './http/show-readiness.ts'
import { listen } from './http/transport/listen.ts'
import { createModels, warmUpModels } from './models/create-models.ts'
import { createRehearsal } from './models/rehearsal.ts'
import { createReadiness } from './readiness.ts'
import { createExecuteRun } from './runs/execute-run.ts'
import { createMemoryKeep } from './runs/keep.ts'
import { loadPrompts } from './runs/prompts.ts'
import { loadTools } from './tools/load-tools.ts'
import { createToolSet } from './tools/tool-set.ts'

/** A gateway that serves. */
export type Gateway = {
  /** `http://127.0.0.1:8787` */
  url: string
  /** What is up and what is not; asks the backends and nodes. */
  readiness(): Promise<Readiness>
  /** Takes no new requests, lets the running ones end within `DRAIN_MS`, then frees all. */
  close(): Promise<void>
}

const DRAIN_MS = 20_000
/** How long a caller has for the results of its own tools, before the gateway's are read anew. */
const KEPT_TURN_MS = 15 * 60_000
const KEPT_TURN_BYTES = 64 * 1024 * 1024

/**
 * Builds the parts and listens. What a request needs but cannot be reached now (the model, a node) does not stop the
 * start.
 * @throws where the gateway itself cannot work: a bad tool file, a missing prompt, a taken port.
 */
export async function startGateway(config: Config, log: Logger): Promise<Gateway> {
  const tools = createToolSet(await loadTools(config.toolsDir))
  const prompts = await loadPrompts(config.promptsDir)
  const chains = createChains({ chains: config.chains, rpcUrls: config.rpcUrls })
  const models = await createModels({ ...config, ...rehearsalFor(config) })
  const readiness = createReadiness({ models, chains })
  const executeRun = createExecuteRun({
    tools,
    openChainSession: chains.openSession,
    keptTurns: createMemoryKeep({ ttlMs: KEPT_TURN_MS, maxBytes: KEPT_TURN_BYTES }),
    prompts,
    limits: { ...DEFAULT_LIMITS, runTimeoutMs: config.runTimeoutMs, holdBackTokens: config.holdBackTokens },
  })
  const serverToolNames = tools.definitions.map(({ name }) => name)
  const backgroundRuns = createBackgroundRuns()
  const app = createApp({
    models,
    serverToolNames,
    executeRun,
    readiness,
    log,
    bodyLimitBytes: config.bodyLimitBytes,
    backgroundRuns,
  })
  const { url, close } = await listen(app, { host: config.host, port: config.port })
  setImmediate(() => warmUp(config).catch((error: unknown) => log.error({ err: error }, 'the warm-up failed')))
  return {
    url,
    readiness,
    async close() {
      const limit = AbortSignal.timeout(DRAIN_MS)
      await Promise.all([close(limit), backgroundRuns.drain(limit)])
      await chains.close()
    },
  }
}

/** What would otherwise fall on the first question: half a second of imports and tables. */
async function warmUp(config: Config): Promise<void> {
  warmUpNames()
  await warmUpModels(config)
}

function rehearsalFor({ operatorModel }: Config): { rehearsal?: ReturnType<typeof createRehearsal> } {
  return operatorModel === 'rehearsal' ? { rehearsal: createRehearsal({ words: { chain: CHAIN_WORDS } }) } : {}
}
