import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import { showMetrics } from '../../src/http/show-metrics.ts'
import type { ExecuteRun, RunEvent } from '../../src/runs/run.ts'
import { measureRuns } from '../../src/telemetry/measure-runs.ts'
import { createMetrics, type MetricsOptions } from '../../src/telemetry/metrics.ts'
import { observeRuns } from '../../src/telemetry/observe-runs.ts'
import { completed, HELLO, idleModel, startHttp, tells, toModels } from '../support/http-gateway.ts'
import { parsePrometheus, type Sample } from '../support/parse-prometheus.ts'

const CALL = { id: 'call_1', name: 'balance', argumentsText: '{}' }
const OK = { ok: true, text: '{}', summary: 'It is 1.', output: {}, blocks: [] } as const
const WORK: readonly RunEvent[] = [
  { type: 'step_finished', step: 1, usage: { promptTokens: 10, completionTokens: 5 } },
  { type: 'tool_started', step: 1, call: CALL },
  { type: 'tool_finished', step: 1, call: CALL, result: OK },
  { type: 'step_started', step: 2 },
  { type: 'text', text: 'One.' },
  { type: 'step_finished', step: 2, usage: { promptTokens: 20, completionTokens: 7 }, backend: 'openai:second' },
  completed(),
]

test('a scrape tells of requests, runs, steps, tools and tokens', async () => {
  const { ask, scrape } = await startScraped(tells(...WORK))
  expect((await ask(HELLO)).status).toBe(200)
  expect((await ask({})).status).toBe(400)
  const { value } = await scrape()
  const route = '/v1/chat/completions'
  expect(value('http_requests_total', { method: 'POST', route, status: '2xx' })).toBe(1)
  expect(value('http_requests_total', { method: 'POST', route, status: '4xx' })).toBe(1)
  expect(value('http_request_duration_seconds_count', { route, status: '2xx' })).toBe(1)
  expect(value('runs_ended_total', { model: 'operator', state: 'completed' })).toBe(1)
  expect(value('run_duration_seconds_bucket', { model: 'operator', state: 'completed', le: '7200' })).toBe(1)
  expect(value('step_duration_seconds_count', { model: 'operator', backend: 'openai:second', outcome: 'ok' })).toBe(1)
  expect(value('tool_duration_seconds_count', { tool: 'balance', outcome: 'ok' })).toBe(1)
  expect(value('tokens_total', { model: 'operator', backend: 'ollama:qwen3:8b', direction: 'input' })).toBe(10)
  expect(value('tokens_total', { model: 'operator', backend: 'openai:second', direction: 'output' })).toBe(7)
  expect(value('build_info', { version: '1.2.3', role: 'all' })).toBe(1)
})

test('the time that long runs take is told apart past ten minutes', async () => {
  const metrics = createMetrics()
  metrics.onRunEnded({ model: 'conductor', state: 'completed', ranMs: 650_000 })
  const samples = parsePrometheus((await metrics.render()).body)
  const buckets = samples.filter(({ name }) => name === 'groundwire_run_duration_seconds_bucket')
  expect(buckets.filter(({ value }) => value === 1).map(({ labels }) => labels.le)).toContain('900')
  expect(buckets.find(({ labels }) => labels.le === '600')?.value).toBe(0)
})

test('a run that fails, and one whose caller leaves, are told apart', async () => {
  const failing = await startScraped(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError('no backend', { kind: 'down' })
  })
  expect((await failing.ask(HELLO)).status).toBe(502)
  const { value } = await failing.scrape()
  expect(value('runs_ended_total', { model: 'operator', state: 'failed' })).toBe(1)
  expect(
    value('step_duration_seconds_count', { model: 'operator', backend: 'ollama:qwen3:8b', outcome: 'failed' }),
  ).toBe(1)

  const caller = new AbortController()
  const left = await startScraped(async function* (_order, signal) {
    yield { type: 'step_started', step: 1 }
    caller.abort()
    await sleep(60_000, undefined, { signal })
  })
  await expect(left.ask(HELLO, { signal: caller.signal })).rejects.toThrow()
  const labels = { model: 'operator', state: 'cancelled' }
  await expect.poll(async () => (await left.scrape()).value('runs_ended_total', labels)).toBe(1)
  const request = { method: 'POST', route: '/v1/chat/completions', status: 'left' }
  expect((await left.scrape()).value('http_requests_total', request)).toBe(1)
})

test('a thousand requests that would each make a series make none', async () => {
  const hostile: ExecuteRun = async function* ({ id }) {
    const call = { ...CALL, name: `tool_${id}` }
    yield { type: 'step_started', step: 1 }
    yield { type: 'step_finished', step: 1, usage: { promptTokens: Number.NaN, completionTokens: -1 } }
    yield { type: 'tool_started', step: 1, call }
    yield { type: 'tool_finished', step: 1, call, result: OK }
    yield completed()
  }
  const listed = toModels([{ id: 'operator', model: idleModel('operator') }])
  const anyModel = { ...listed, find: (id: string) => ({ id, model: { ...idleModel(id), backend: `x:${id}` } }) }
  const { url, ask, scrape } = await startScraped(hostile, { isListed: (id) => id === 'operator' }, anyModel)
  await ask({ ...HELLO, model: 'operator' })
  await fetch(`${url}/nowhere`)
  const before = (await scrape()).samples.length
  for (let i = 0; i < 1_000; i += 50) {
    const batch = Array.from({ length: 50 }, (_, j) => `${i + j}"\\{}`)
    await Promise.all(
      batch.map(async (word, j) => {
        const path = encodeURIComponent(word)
        if (j % 3 === 0) return void (await (await fetch(`${url}/${path}?key=${path}`)).text())
        if (j % 3 === 1) return void (await (await fetch(`${url}/v1/models/${path}`, { headers: WALLET })).text())
        await (await ask({ ...HELLO, model: `any:${word}` }, { headers: { 'x-request-id': `id-${i}-${j}` } })).json()
      }),
    )
  }
  const { samples, value, body } = await scrape()
  expect(value('http_requests_total', { method: 'GET', route: 'none', status: '4xx' })).toBeGreaterThan(300)
  expect(value('runs_ended_total', { model: 'other', state: 'completed' })).toBeGreaterThan(300)
  expect(value('tool_duration_seconds_count', { tool: 'other', outcome: 'ok' })).toBeGreaterThan(300)
  // The series of the model and the tool that are `other`, and of the routes that were asked for the first time.
  expect(samples.length - before).toBeLessThan(150)
  expect(body).not.toMatch(/any:|run_[0-9a-z]{24}|0xd8da/i)
})

test('a store that hangs and a queue that is away neither hang nor fail a scrape', async () => {
  let asked = 0
  const { scrape } = await startScraped(tells(completed()), {
    counts: () => {
      asked++
      return new Promise(() => {})
    },
    depth: () => Promise.reject(new Error('away')),
    timeoutMs: 50,
  })
  for (let i = 0; i < 3; i++) {
    const { value, samples } = await scrape()
    expect(value('up', { part: 'store' })).toBe(0)
    expect(value('up', { part: 'queue' })).toBe(0)
    expect(samples.filter(({ name }) => name === 'groundwire_runs' || name === 'groundwire_queue_jobs')).toEqual([])
  }
  expect(asked).toBe(1)
})

test('a store and a queue that answer are shown as they are, and asked once for many scrapes', async () => {
  let asked = 0
  const counts = { queued: 3, running: 2, completed: 9, failed: 1, cancelled: 0, expired: 0 }
  const { scrape } = await startScraped(tells(completed()), {
    counts: async () => {
      asked++
      return counts
    },
    depth: async () => ({ waiting: 3, active: 2 }),
  })
  const [{ value }] = await Promise.all([scrape(), scrape(), scrape()])
  expect(value('runs', { state: 'queued' })).toBe(3)
  expect(value('queue_jobs', { state: 'active' })).toBe(2)
  expect(value('up', { part: 'store' })).toBe(1)
  expect(asked).toBe(1)
})

test('what becomes of a backend and its breaker is told', async () => {
  const metrics = createMetrics()
  const backend = { model: 'operator', backend: 'ollama:qwen3:8b' }
  metrics.onBackend({ ...backend, type: 'ok' })
  metrics.onBackend({ ...backend, type: 'failed', kind: 'down' })
  metrics.onBackend({ ...backend, type: 'opened' })
  const { body } = await metrics.render()
  expect(body).toContain('groundwire_backend_calls_total{backend="ollama:qwen3:8b",outcome="down"} 1\n')
  expect(body).toContain('groundwire_backend_up{backend="ollama:qwen3:8b"} 0\n')
  expect(body).toContain('groundwire_backend_breaker{backend="ollama:qwen3:8b",state="open"} 1\n')
  metrics.onBackend({ ...backend, type: 'half_open' })
  expect((await metrics.render()).body).toContain(
    'groundwire_backend_breaker{backend="ollama:qwen3:8b",state="open"} 0\n',
  )
})

test('a scrape is no news for the log', async () => {
  const { log, scrape } = await startScraped(tells(completed()))
  await scrape()
  await expect.poll(() => log.map(({ route, level }) => [route, level])).toEqual([['/metrics', 20]])
})

test('HEAD is answered, other methods are not', async () => {
  const { url } = await startScraped(tells(completed()))
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
  const post = await fetch(`${url}/metrics`, { method: 'POST' })
  expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS'])
})

const WALLET = { 'x-wallet-address': '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045' }

async function startScraped(
  executeRun: ExecuteRun,
  options: MetricsOptions = {},
  models?: ReturnType<typeof toModels>,
) {
  const metrics = createMetrics({ version: '1.2.3', tools: ['balance'], ...options })
  const gateway = await startHttp(observeRuns(executeRun, [measureRuns(metrics)]), {
    showMetrics: showMetrics(metrics.render),
    onRequest: metrics.onRequest,
    ...(models && { models }),
  })
  async function scrape() {
    const reply = await fetch(`${gateway.url}/metrics`)
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8'])
    const body = await reply.text()
    const samples = parsePrometheus(body)
    return { body, samples, value: (name: string, labels: Sample['labels']) => findValue(samples, name, labels) }
  }
  return { ...gateway, scrape }
}

function findValue(samples: readonly Sample[], name: string, labels: Sample['labels']): number | undefined {
  const found = samples.filter(
    (sample) =>
      sample.name === `groundwire_${name}` &&
      Object.keys(sample.labels).length === Object.keys(labels).length &&
      Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )
  return found[0]?.value
}
