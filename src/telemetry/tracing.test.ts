import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { completed, idleModel } from '../../test/support/http-gateway.ts'
import { logLines } from '../../test/support/log-lines.ts'
import type { RunOrder } from '../runs/run.ts'
import { observeRuns } from './observe-runs.ts'
import { startTracing } from './tracing.ts'

const ORDER = { id: 'run_1', model: idleModel('operator'), params: {} } as unknown as RunOrder

test('spans are sent to the collector that the environment names, at the latest when the gateway stops', async () => {
  const collector = await startCollector()
  const { log, told } = logLines()
  const lookUp = toLookUp({
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/`,
    OTEL_SERVICE_NAME: 'my-gateway',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test%20bed,service.name=other',
  })
  const tracing = await startTracing({ lookUp, version: '1.2.3', log })
  for await (const _ of observeRuns(run, tracing.observers)(ORDER, new AbortController().signal));
  await tracing.stop()
  expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/traces'])
  const body = collector.requests[0]?.body
  for (const text of ['invoke_agent operator', 'my-gateway', 'test bed', '1.2.3']) expect(body).toContain(text)
  expect(told('info')).toEqual(['traces are sent'])
})

test.each([
  {},
  { OTEL_EXPORTER_OTLP_ENDPOINT: ' ' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' },
  { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_TRACES_EXPORTER: 'none' },
])('with %j nothing is observed, and nothing said', async (env) => {
  const { log, lines } = logLines()
  const tracing = await startTracing({ lookUp: toLookUp(env), log })
  expect(tracing.observers).toEqual([])
  await tracing.stop()
  expect(lines).toEqual([])
})

test('an address that is none is told, and the gateway goes on without traces', async () => {
  const { log, told } = logLines()
  const { observers } = await startTracing({
    lookUp: toLookUp({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'collector' }),
    log,
  })
  expect(observers).toEqual([])
  expect(told('warn')).toEqual(['no traces are sent: OTEL_EXPORTER_OTLP_ENDPOINT cannot be used as it is set'])
})

test('a collector that hangs holds the stop for a moment only', async () => {
  const collector = await startCollector({ hangs: true })
  const { log } = logLines()
  const lookUp = toLookUp({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path` })
  const tracing = await startTracing({ lookUp, log, stopMs: 100 })
  for await (const _ of observeRuns(run, tracing.observers)(ORDER, new AbortController().signal));
  const startedAtMs = performance.now()
  await tracing.stop()
  expect(performance.now() - startedAtMs).toBeLessThan(5_000) // the exporter itself would try for 10 s
  expect(collector.requests.map(({ path }) => path)).toEqual(['/own/path'])
})

test('where the SDK is not installed, one line says what to install', async () => {
  const program = `
    import { registerHooks } from 'node:module'
    registerHooks({ resolve(name, context, next) {
      if (name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api') throw Object.assign(new Error(name), { code: 'ERR_MODULE_NOT_FOUND' })
      return next(name, context)
    } })
    const { startTracing } = await import(${JSON.stringify(new URL('./tracing.ts', import.meta.url).href)})
    const log = { info: console.log, warn: console.log }
    const { observers } = await startTracing({ lookUp: (name) => name === 'OTEL_EXPORTER_OTLP_ENDPOINT' ? 'http://127.0.0.1:1' : undefined, log })
    console.log(observers.length)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])
  expect(stdout.trim().split('\n')).toEqual([
    'no traces are sent, as their SDK is not installed: npm install --no-save @opentelemetry/sdk-trace @opentelemetry/resources @opentelemetry/exporter-trace-otlp-http',
    '0',
  ])
})

async function* run() {
  yield { type: 'step_started', step: 1 } as const
  yield completed()
}

const toLookUp = (env: Record<string, string>) => (name: string) => env[name]

async function startCollector({ hangs = false } = {}) {
  const requests: { path: string | undefined; body: string }[] = []
  const server = createServer(async (req, res) => {
    requests.push({ path: req.url, body: (await buffer(req)).toString('latin1') })
    if (!hangs) res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  return { requests, url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` }
}
