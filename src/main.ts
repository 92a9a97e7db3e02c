import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { dropTracing } from './drop-tracing.ts'
import type { Gateway } from './gateway.ts'
import { stopOnSignal } from './stop-on-signal.ts'
import { createLog } from './telemetry/create-log.ts'
import { redactSecrets } from './telemetry/redact-secrets.ts'

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(HELP)
    return
  }
  // A third of the start is compiling. Where it cannot be kept there, it is done each time.
  enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/groundwire'))
  const [{ parseConfig }, { startGateway }] = await Promise.all([import('./config.ts'), import('./gateway.ts')])
  const config = parseConfig(process.env)
  const log = createLog({ level: config.logLevel })
  const dropped = dropTracing(process.env)
  if (dropped.length > 0) log.warn({ dropped }, 'tracing to a third party is off: these settings are ignored')
  const gateway = await startGateway(config, log, process.env)
  stopOnSignal(process, gateway.close, {
    graceMs: config.drainMs + STOP_MS,
    say: (line) => log.info(line),
  })
  log.info({ url: `${gateway.url}/v1`, role: config.role, models: gateway.models }, 'listening')
  await logReadiness(gateway, log)
}

/** After the drain, for errors to get out and the store to be closed. */
const STOP_MS = 10_000

/** One line for each part that questions need and that does not answer now. */
async function logReadiness(gateway: Gateway, log: Logger): Promise<void> {
  const { ready, models, chains, runs } = await gateway.readiness()
  for (const { id, backend, status, detail = 'no reason given' } of [...runs, ...models, ...chains]) {
    const name = backend === undefined ? id : `${id} (${backend})`
    if (status !== 'ok') log.warn({ part: id, status, detail }, `${name} is ${status}: ${detail}`)
  }
  if (ready) log.info('ready')
  else log.warn('not ready: questions fail until the parts above answer; GET /ready says which')
}

const HELP = `npm start

Serves questions about real chains, with the model that Ollama has. Settings are environment variables:

  PORT=8787 HOST=127.0.0.1          where to listen
  OLLAMA_BASE_URL=http://…:11434    where Ollama is
  OPERATOR_MODEL=ollama:qwen3:8b    the model: ollama:<tag>, openai:<model>, rehearsal, <provider>:<model>
  CONDUCTOR_MODEL=runpod:<model>    the model of long runs, kept in the store; or any of the above
  MODELS_FILE=models.json           more models, and several backends for one
  RPC_URL_1=https://…,https://…     own nodes of a chain, by chain id; otherwise public ones
  CHAINS=ethereum,base              the chains that questions may name
  DATA_DIR=.groundwire              where the store is
  DATABASE_URL=postgres://…         a Postgres of yours instead
  REDIS_URL=redis://…               a queue in Redis or Valkey instead of Postgres
  ROLE=gateway, ROLE=worker         one of several processes on that Postgres

All of them: docs/configuration.md. To try it without any of this: npm run demo.
`

await main().catch((error: unknown) => {
  process.stderr.write(`${redactSecrets(error instanceof Error ? error.message : String(error))}\n`)
  process.exit(1)
})
