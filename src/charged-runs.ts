import type { Logger } from 'pino'
import { createRunTill } from './accounts/ledger/create-run-till.ts'
import { DEFAULT_LIMITS } from './agent/limits.ts'
import type { Chains } from './chain/chains.ts'
import type { Config } from './config.ts'
import type { Database } from './db/database.ts'
import type { Setup } from './load-setup.ts'
import type { Models } from './models/models.ts'
import { bestEffort } from './runs/best-effort-keep.ts'
import { type Billing, createBilling } from './runs/billing.ts'
import { chargeRuns } from './runs/charge-runs.ts'
import { createExecuteRun } from './runs/execute-run.ts'
import type { KeptTurn } from './runs/kept-turn.ts'
import type { ExecuteRun } from './runs/run.ts'
import { createStoredKeep } from './runs/store/stored-keep.ts'
import { createUsageNotes } from './runs/usage-notes.ts'
import { type ObserveRun, observeRuns } from './telemetry/observe-runs.ts'

/** Runs, wherever they are executed: what they cost is held before and settled after. */
export type ChargedRuns = {
  executeRun: ExecuteRun
  billing: Billing
  /** Writes down what is still to be noted of runs that nobody paid for. */
  close(): Promise<void>
}

export type ChargedRunsDeps = {
  config: Pick<Config, 'runTimeoutMs' | 'holdBackTokens'>
  setup: Pick<Setup, 'tools' | 'prompts' | 'toolPrices'>
  database: Database
  chains: Pick<Chains, 'openSession'>
  models: Models
  observers: readonly ObserveRun[]
  log: Logger
}

export function createChargedRuns(deps: ChargedRunsDeps): ChargedRuns {
  const { config, setup, database, chains, models, observers, log } = deps
  const { tools, prompts, toolPrices } = setup
  const { db } = database
  const till = createRunTill(db)
  const usageNotes = createUsageNotes({ db, log })
  const runAgents = createExecuteRun({
    tools,
    openChainSession: chains.openSession,
    // Without them the model asks its tools again.
    keptTurns: bestEffort(
      createStoredKeep<KeptTurn | { at: string }>({ database, kind: 'turn', ttlMs: KEPT_TURN_MS }),
      (err) => log.warn({ err }, 'results of a mixed step are lost while the store is away'),
    ),
    prompts,
    limits: { ...DEFAULT_LIMITS, runTimeoutMs: config.runTimeoutMs, holdBackTokens: config.holdBackTokens },
  })
  const charged = chargeRuns(runAgents, {
    db,
    till,
    models,
    onError: (runId, err) => log.error({ runId, err }, 'a run was not charged: its credits are free again'),
  })
  return {
    executeRun: observeRuns(charged, [usageNotes.observe, ...observers]),
    billing: createBilling({ till, toolPrices, tools: tools.definitions, prompts }),
    close: () => usageNotes.stop(),
  }
}

/** How long a caller has for the results of its own tools, before the gateway's are read anew. */
const KEPT_TURN_MS = 15 * 60_000
