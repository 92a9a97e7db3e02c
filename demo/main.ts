import { type DevChain, startDevChain } from '../devchain/start.ts'
import { parseConfig } from '../src/config.ts'
import { dropTracing } from '../src/drop-tracing.ts'
import { type Gateway, startGateway } from '../src/gateway.ts'
import { stopOnSignal } from '../src/stop-on-signal.ts'
import { createLog } from '../src/telemetry/create-log.ts'
import { toBanner } from './banner.ts'
import { recordDemo } from './demo-record.ts'
import { pickConductor, pickModel } from './pick-model.ts'
import { type StandIn, startStandIn } from './stand-in-facilitator.ts'
import { watchParent } from './watch-parent.ts'
import { withMoney } from './with-money.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const running: { chain?: DevChain; facilitator?: StandIn; gateway?: Gateway; forget?: () => void } = {}
  const starting = new AbortController()
  const stop = async () => {
    // Once it answers, the chain stays until the last answers are out.
    if (running.gateway === undefined) starting.abort()
    running.forget?.()
    await running.gateway?.close()
    await running.facilitator?.close()
    await running.chain?.stop()
  }
  stopOnSignal(process, stop)
  // npm passes signals on, but not SIGKILL.
  if (process.env.npm_lifecycle_event !== undefined) watchParent(() => process.kill(process.pid, 'SIGTERM'))
  try {
    dropTracing(process.env)
    const config = withMoney(parseConfig({ ...process.env, LOG_LEVEL: process.env.LOG_LEVEL || 'warn' }))
    const [chain, picked] = await Promise.all([
      startDevChain({ dataDir: config.dataDir, blockTimeSec: 12, signal: starting.signal }),
      pickModel(config, { isChosen: Boolean(process.env.OPERATOR_MODEL?.trim()) }),
    ])
    running.chain = chain
    const conductor = pickConductor(config)
    const log = createLog({ level: config.logLevel })
    // A question on a chain that is not here gets an answer that says so, instead of one from the real chain.
    const chains = chain.chains.map(({ name }) => name)
    const { treasuryAddress: treasury } = config
    if (!config.freeMode && config.x402 === undefined && treasury !== undefined) {
      running.facilitator = await startStandIn(chain.rpcUrls, treasury)
    }
    running.gateway = await startGateway(
      {
        ...config,
        operatorModel: picked.operatorModel,
        conductorModel: conductor.model,
        rpcUrls: chain.rpcUrls,
        chains,
        depositChains: chains,
        x402: running.facilitator?.x402 ?? config.x402,
      },
      log,
    )
    const { adminKey } = config
    running.forget = recordDemo(config.dataDir, { pid: process.pid, rpcUrls: chain.rpcUrls, treasury })
    const startedInMs = performance.now()
    const money = config.freeMode ? undefined : { adminKey, treasury, dataDir: process.env.DATA_DIR?.trim() }
    process.stdout.write(toBanner({ picked, conductor, chain, url: running.gateway.url, startedInMs, money }))
  } catch (error) {
    await stop()
    throw error
  }
}

const HELP = `npm run demo

Starts a chain of this machine's own and the gateway on it, and answers questions with the model that Ollama serves,
or with the rehearsal model where there is none. Ctrl-C stops everything; runs that have not ended go on at the next
start.

  PORT=8788 npm run demo                           another port
  OPERATOR_MODEL=ollama:llama3.1:8b npm run demo   another model
  CONDUCTOR_MODEL=ollama:qwen3:32b npm run demo    another model for queued runs, otherwise rehearsal
  DATA_DIR=/tmp/groundwire npm run demo            another store
  LOG_LEVEL=info npm run demo                      a line per request
  FREE_MODE=0 npm run demo                         questions cost something: keys, credits, deposits

All settings: docs/configuration.md. The real chains: npm start.
`

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
