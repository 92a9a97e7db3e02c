import type { Logger } from 'pino'
import packageJson from '../package.json' with { type: 'json' }
import { noteAtStart, openAccountDesks, startDeposits } from './account-desks.ts'
import { createApp } from './app.ts'
import { CHAIN_WORDS } from './chain/chain-list.ts'
import { createChains } from './chain/chains.ts'
import { warmUpNames } from './chain/ens.ts'
import { createChargedRuns } from './charged-runs.ts'
import { type CleanUp, createCleanUp } from './clean-up.ts'
import type { Config } from './config.ts'
import { openDatabase } from './db/open-database.ts'
import { startDurableRuns } from './durable-runs.ts'
import { drainRequests } from './http/drain-requests.ts'
import { toResponseEnvelope } from './http/responses/response-envelope.ts'
import type { KeptResponse } from './http/responses/response-object.ts'
import { showMetrics } from './http/show-metrics.ts'
import type { PartStatus, Readiness } from './http/show-readiness.ts'
import { createStopping } from './http/stopping.ts'
import { listen } from './http/transport/listen.ts'
import { loadSetup } from './load-setup.ts'
import { createModels, type ModelChoice, usesRehearsal, warmUpModels } from './models/create-models.ts'
import { createRehearsal } from './models/rehearsal.ts'
import type { DepositStatus } from './payments/deposits/deposit-watcher.ts'
import { createProbes } from './probes.ts'
import { createReadiness } from './readiness.ts'
import { createRunStore } from './runs/store/create-run-store.ts'
import { createLeases } from './runs/store/leases.ts'
import { createStoredKeep } from './runs/store/stored-keep.ts'
import { logProgress } from './telemetry/log-progress.ts'
import { measureRuns } from './telemetry/measure-runs.ts'
import { measureStore } from './telemetry/measure-store.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { observeStore } from './telemetry/observe-store.ts'
import { startTracing } from './telemetry/tracing.ts'

/** A gateway that serves, or a worker. */
export type Gateway = {
  /** `http://127.0.0.1:8787`; a worker answers there how it is, and nothing else. */
  url: string
  /** Public ids. */
  models: readonly string[]
  /** What is up and what is not; asks the backends and nodes. */
  readiness(): Promise<Readiness>
  /** Takes nothing new, lets what runs end within `drainMs`, then frees all. */
  close(): Promise<void>
}

const VERSION = packageJson.version

/**
 * Builds the parts and listens. What a request needs but cannot be reached now (the model, a node) does not stop the
 * start.
 * @param env - for what others name by their own variables: keys that a models file points to, OpenTelemetry's exporter.
 * @throws where the gateway itself cannot work: a bad tool file, a missing prompt, a taken port, a store it cannot open.
 */
export async function startGateway(config: Config, log: Logger, env: Environment = {}): Promise<Gateway> {
  const cleanUp = createCleanUp(log)
  try {
    return await start(config, { log, env, cleanUp })
  } catch (error) {
    await cleanUp.run()
    throw error
  }
}

/** Variables by name. */
type Environment = Readonly<Record<string, string | undefined>>

type Starting = { log: Logger; env: Environment; cleanUp: CleanUp }

async function start(config: Config, { log, env, cleanUp }: Starting): Promise<Gateway> {
  const lookUp = (name: string) => env[name]
  const setup = await loadSetup(config, lookUp)
  const database = await openDatabase({ ...config, log })
  cleanUp.add(() => database.close())
  const tracing = await startTracing({ lookUp, version: VERSION, log })
  cleanUp.add(() => tracing.stop())
  const chains = createChains({ chains: config.chains, rpcUrls: config.rpcUrls })
  cleanUp.add(() => chains.close())

  const { choice, tools, toolPrices } = setup
  const serverToolNames = tools.definitions.map(({ name }) => name)
  const store = createRunStore({ database, limits: config, retentionMs: config.runRetentionMs })
  const models = await createModels({
    ...config,
    ...choice,
    warmUps: createLeases({ database }),
    onBackend: (event) => metrics.onBackend(event),
    ...(usesRehearsal(choice) && { rehearsal: createRehearsal({ words: { chain: CHAIN_WORDS } }) }),
  })
  const listed = new Set(models.list().map(({ id }) => id))
  const metrics = createMetrics({
    version: VERSION,
    role: config.role,
    tools: serverToolNames,
    isListed: (id) => listed.has(id),
    counts: () => store.counts(),
    depth: () => durable.queue.depth(),
  })
  const observers = [measureRuns(metrics), ...tracing.observers]
  const charged = createChargedRuns({ config, setup, database, chains, models, observers, log })
  cleanUp.add(() => charged.close())
  const { executeRun, billing } = charged
  const durable = await startDurableRuns({
    config,
    database,
    store: observeStore(store, [measureStore(metrics), logProgress(log)]),
    models,
    executeRun,
    apiOf: ({ envelope }) => (toResponseEnvelope(envelope) === undefined ? 'runs' : 'responses'),
    onWebhook: metrics.onWebhook,
    log,
  })
  cleanUp.add(() => durable.close())

  const priced = models.list().filter(({ provider }) => provider === undefined)
  const rates = Object.fromEntries(priced.map((listing) => [listing.id, billing.termsOf(listing).rates]))
  await noteAtStart({ config, database, models: rates, toolPrices, log })
  const deposits = startDeposits({ config, database, chains, log })
  cleanUp.add(async () => deposits?.stop())
  const stopping = createStopping()
  const checkAll = createReadiness({
    ...{ role: config.role, freeMode: config.freeMode, models, chains, store: database, queue: durable.queue },
    deposits: deposits && (() => deposits.status().map(toPart)),
  })
  const readiness = async () => (stopping.hasBegun ? NOT_READY : checkAll())
  const probes = { readiness, showMetrics: showMetrics(metrics.render), log, onRequest: metrics.onRequest }
  const openApp = async () => {
    const { identify, limits, ...accounts } = await openAccountDesks({
      ...{ config, database, chains, log },
      url: () => listening.url,
    })
    cleanUp.add(() => accounts.close())
    return createApp({
      ...probes,
      ...durable,
      models,
      serverToolNames,
      executeRun,
      identify,
      limits,
      accounts,
      billing,
      keptResponses: createStoredKeep<KeptResponse>({ database, kind: 'response', ttlMs: config.runRetentionMs }),
      settings: config,
      stopping,
    })
  }
  const app = config.role === 'worker' ? createProbes(probes) : await openApp()
  const listening = await listen(app, { host: config.host, port: config.port })
  let looking: Promise<unknown> = Promise.resolve()
  // Not while somebody looks at the backends, who have little time to answer: the imports block for longer.
  setImmediate(() =>
    looking.then(() => warmUp(choice)).catch((error: unknown) => log.error({ err: error }, 'the warm-up failed')),
  )
  return {
    url: listening.url,
    models: [...listed],
    readiness() {
      const readiness = checkAll()
      looking = readiness
      return readiness
    },
    async close() {
      const limit = AbortSignal.timeout(config.drainMs)
      try {
        await Promise.all([drainRequests(listening, stopping, { limit, log }), durable.drain(limit)])
      } finally {
        await cleanUp.run()
      }
    },
  }
}

function toPart({ chain: id, fault }: DepositStatus): PartStatus {
  return { id, ...(fault === undefined ? { status: 'ok' } : { status: 'down', detail: fault }) }
}

const NOT_READY: Readiness = { ready: false, models: [], chains: [], runs: [] }

/** What would otherwise fall on the first question: half a second of imports and tables. */
async function warmUp(choice: ModelChoice): Promise<void> {
  warmUpNames()
  await warmUpModels(choice)
}
