import { type DevChain, startDevChain } from '../devchain/start.ts'
import { parseConfig } from '../src/config.ts'
import { dropTracing } from '../src/drop-tracing.ts'
import { type Gateway, startGateway } from '../src/gateway.ts'
import { stopOnSignal } from '../src/stop-on-signal.ts'
import { createLog } from '../src/telemetry/create-log.ts'
import { toBanner } from './banner.ts'
import { pickConductor, pickModel } from './pick-model.ts'
import { watchParent } from './watch-parent.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  const running: { chain?: DevChain; gateway?: Gateway } = {}
  const starting = new AbortController()
  const stop = async () => {
    starting.abort()
    await running.gateway?.close()
    await running.chain?.stop()
  }
  stopOnSignal(process, stop)
  // npm passes signals on, but not SIGKILL.
  if (process.env.npm_lifecycle_event !== undefined) watchParent(() => process.kill(process.pid, 'SIGTERM'))
  try {
    dropTracing(process.env)
    const config = parseConfig({ ...process.env, LOG_LEVEL: process.env.LOG_LEVEL || 'warn' })
    const [chain, picked] = await Promise.all([
      startDevChain({ dataDir: config.dataDir, blockTimeSec: 12, signal: starting.signal }),
      pickModel(config, { isChosen: Boolean(process.env.OPERATOR_MODEL?.trim()) }),
    ])
    running.chain = chain
    const conductor = pickConductor(config)
    const log = createLog({ level: config.logLevel })
    running.gateway = await startGateway(
      // A question on a chain that is not here gets an answer that says so, instead of one from the real chain.
      {
        ...config,
        operatorModel: picked.operatorModel,
        conductorModel: conductor.model,
        rpcUrls: chain.rpcUrls,
        chains: chain.chains.map(({ name }) => name),
      },
      log,
    )
    process.stdout.write(
      toBanner({ picked, conductor, chain, url: running.gateway.url, startedInMs: performance.now() }),
    )
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

All settings: docs/configuration.md. The real chains: npm start.
`

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
})
