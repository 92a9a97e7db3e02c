import { collectDefaultMetrics } from 'prom-client'
import type { Usage } from '../messages.ts'
import type { BackendEvent } from '../models/routing/backend.ts'
import type { RunQueue } from '../runs/run-queue.ts'
import type { EndState, RunState } from '../runs/run-record.ts'
import { createCachedRead } from './cached-read.ts'
import { createLabelGuard, OTHER } from './label-guard.ts'
import { createSeries } from './series.ts'

/**
 * What is counted, and shown at `GET /metrics`. Recording never throws and never waits. No label holds a caller, a run's id, a
 * path as it was asked for or the text of an error, and none takes a caller's word for its value.
 */
export type Metrics = {
  onRequest(request: { method: string; route: string | null; status: number; ms: number }): void
  /** A run was taken to be kept, or a request has joined one that was there. */
  onSubmit(run: { model: string; result: 'accepted' | 'joined' }): void
  onRunStarted(run: { model: string; waitedMs: number }): void
  /** `ranMs` is undefined where it never began. */
  onRunEnded(run: { model: string; state: EndState; ranMs?: number | undefined }): void
  /** Ended by the house: waited or ran too long, or nobody waited for them any more. */
  onOverdue(count: number): void
  /** One model call. */
  onStep(step: { model: string; backend: string; ms: number; outcome: Outcome; usage?: Usage | undefined }): void
  onTool(call: { tool: string; ms: number; outcome: Outcome }): void
  onBackend(event: BackendEvent): void
  onWebhook(outcome: 'delivered' | 'failed' | 'given_up'): void
  /** In Prometheus' text format. Never rejects: what cannot be read is left out. */
  render(): Promise<{ contentType: string; body: string }>
}

export type Outcome = 'ok' | 'failed' | 'cancelled'

export type MetricsOptions = {
  /** Of the gateway, as in package.json. */
  version?: string
  role?: string
  /** Names of the gateway's own tools; a model may call others by mistake. */
  tools?: readonly string[]
  /** Whether a public model id is one of those that are listed; callers may name others of a provider. */
  isListed?: (modelId: string) => boolean
  /** Asked at a scrape, as `depth` is. */
  counts?: () => Promise<Readonly<Record<RunState, number>>>
  depth?: RunQueue['depth']
  /** How long a scrape waits for them. */
  timeoutMs?: number
}

const MAX_BACKENDS = 100
const MAX_ROUTES = 100
/** Scrapes by several at once cost one read. */
const MAX_AGE_MS = 2_000
const TIMEOUT_MS = 2_000

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const { version = 'unknown', role = 'all', isListed = () => true, timeoutMs = TIMEOUT_MS } = options
  const series = createSeries()
  const tools = new Set(options.tools)
  const guardBackend = createLabelGuard(MAX_BACKENDS)
  const guardRoute = createLabelGuard(MAX_ROUTES)
  const toModel = (id: string) => (isListed(id) ? id : OTHER)
  const toBackend = (model: string, backend: string) => (isListed(model) ? guardBackend(backend) : OTHER)
  const limits = { maxAgeMs: MAX_AGE_MS, timeoutMs }
  const readCounts = options.counts && createCachedRead(options.counts, limits)
  const readDepth = options.depth && createCachedRead(options.depth, limits)
  let isScraped = false
  series.build.set({ version, role }, 1)

  async function readStore(): Promise<void> {
    if (readCounts === undefined) return
    const counts = await readCounts()
    series.up.set({ part: 'store' }, counts === undefined ? 0 : 1)
    series.runs.reset()
    for (const [state, count] of Object.entries(counts ?? {})) series.runs.set({ state }, count)
  }

  async function readQueue(): Promise<void> {
    if (readDepth === undefined) return
    const depth = await readDepth()
    series.up.set({ part: 'queue' }, depth === undefined ? 0 : 1)
    series.queueJobs.reset()
    for (const [state, count] of Object.entries(depth ?? {})) series.queueJobs.set({ state }, count)
  }

  return {
    onRequest({ method, route, status, ms }) {
      const labels = { route: route === null ? 'none' : guardRoute(route), status: toStatusClass(status) }
      series.requests.inc({ method: METHODS.has(method) ? method : OTHER, ...labels })
      series.requestSeconds.observe(labels, ms / 1000)
    },
    onSubmit: ({ model, result }) => series.submitted.inc({ model: toModel(model), result }),
    onRunStarted: ({ model, waitedMs }) => series.waitSeconds.observe({ model: toModel(model) }, toSeconds(waitedMs)),
    onRunEnded({ model, state, ranMs }) {
      const labels = { model: toModel(model), state }
      series.ended.inc(labels)
      if (ranMs !== undefined) series.runSeconds.observe(labels, toSeconds(ranMs))
    },
    onOverdue: (count) => series.overdue.inc(count),
    onStep({ model, backend, ms, outcome, usage }) {
      const labels = { model: toModel(model), backend: toBackend(model, backend) }
      series.stepSeconds.observe({ ...labels, outcome }, toSeconds(ms))
      if (usage === undefined) return
      series.tokens.inc({ ...labels, direction: 'input' }, toCount(usage.promptTokens))
      series.tokens.inc({ ...labels, direction: 'output' }, toCount(usage.completionTokens))
    },
    onTool({ tool, ms, outcome }) {
      series.toolSeconds.observe({ tool: tools.has(tool) ? tool : OTHER, outcome }, toSeconds(ms))
    },
    onBackend(event) {
      const backend = toBackend(event.model, event.backend)
      if (event.type === 'ok' || event.type === 'failed') {
        series.backendCalls.inc({ backend, outcome: event.type === 'failed' ? event.kind : 'ok' })
        series.backendUp.set({ backend }, event.type === 'ok' ? 1 : 0)
        return
      }
      for (const [type, state] of BREAKER_STATES) series.breaker.set({ backend, state }, event.type === type ? 1 : 0)
    },
    onWebhook: (outcome) => series.webhooks.inc({ outcome }),
    async render() {
      // Watching the event loop and the garbage collector costs something, so it begins with the first who looks.
      if (!isScraped) collectDefaultMetrics({ register: series.registry, eventLoopMonitoringPrecision: 20 })
      isScraped = true
      await Promise.all([readStore(), readQueue()])
      const { registry } = series
      const names = registry.getMetricsAsArray().map(({ name }) => name)
      const texts = await Promise.allSettled(names.map((name) => registry.getSingleMetricAsString(name)))
      const told = texts.flatMap((text) => (text.status === 'fulfilled' ? [text.value] : []))
      return { contentType: registry.contentType, body: `${told.join('\n\n')}\n` }
    },
  }
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH'])

const BREAKER_STATES = [
  ['closed', 'closed'],
  ['half_open', 'half_open'],
  ['opened', 'open'],
] as const

/** Clocks that step back make no negative times. */
const toSeconds = (ms: number) => Math.max(0, ms) / 1000

/** A backend may count as it likes; a counter only goes up. */
const toCount = (tokens: number) => (Number.isFinite(tokens) ? Math.max(0, tokens) : 0)

/** 499 is a caller who left. */
function toStatusClass(status: number): string {
  return status === 499 ? 'left' : `${Math.floor(status / 100)}xx`
}
