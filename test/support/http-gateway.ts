import { Writable } from 'node:stream'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createIdentify } from '../../src/accounts/identify/identify.ts'
import { type AppDeps, createApp } from '../../src/app.ts'
import { GatewayError } from '../../src/errors.ts'
import { listen } from '../../src/http/transport/listen.ts'
import type { ToolCall, Usage } from '../../src/messages.ts'
import type { Model } from '../../src/models/model.ts'
import type { ModelListing, Models } from '../../src/models/models.ts'
import type { ExecuteRun, RunCompleted, RunEvent, RunOrder } from '../../src/runs/run.ts'
import { durableRuns } from './durable-runs.ts'
import { memoryKeep } from './memory-keep.ts'

type LogLine = Record<string, unknown>

export type HttpGateway = {
  url: string
  /** What the runs were ordered to do, in order. */
  orders: RunOrder[]
  log: LogLine[]
  ask(body: unknown, init?: { headers?: Record<string, string>; signal?: AbortSignal }): Promise<Reply>
}

type Reply = Omit<Response, 'json'> & { json(): Promise<ReplyBody> }

/** What a spec reads of a reply; which of it is there depends on the status. */
type ReplyBody = {
  model: string
  choices: { message: { content: string; tool_calls?: WireCall[] }; finish_reason: string }[]
  usage: Record<string, unknown>
  groundwire: Record<string, unknown>
  error: { message: string; type: string; param: string | null; code: string | null }
  details: string
}

type WireCall = { id: string; type: string; function: { name: string; arguments: string } }

export const WALLET = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

export type HttpOptions = Partial<Omit<AppDeps, 'settings'>> & {
  settings?: Partial<AppDeps['settings']>
  /** With a store and a worker; else the store is away. */
  durable?: boolean | Parameters<typeof durableRuns>[2]
}

/** The app on a real socket, with a run written by the spec. It closes when the test does. */
export async function startHttp(
  executeRun: ExecuteRun,
  { durable = false, settings, ...deps }: HttpOptions = {},
): Promise<HttpGateway> {
  const orders: RunOrder[] = []
  const log: LogLine[] = []
  const models =
    deps.models ??
    toModels([
      { id: 'operator', model: idleModel('operator') },
      { id: 'Qwen/Qwen3-32B:fp8', model: idleModel('Qwen/Qwen3-32B:fp8') },
      ...(durable === false ? [] : [{ id: 'conductor', model: idleModel('conductor'), isQueued: true }]),
    ])
  const execute: ExecuteRun = (order, signal, journal) => {
    orders.push(order)
    return executeRun(order, signal, journal)
  }
  const app = createApp({
    serverToolNames: [],
    executeRun: execute,
    identify: createIdentify({ freeMode: true, find: async () => undefined }),
    billing: NOTHING_TO_PAY,
    limits: NO_LIMITS,
    ...(durable === false ? NO_STORE : await durableRuns(execute, models, durable === true ? {} : durable)),
    keptResponses: memoryKeep(),
    readiness: async () => ({ ready: true, models: [], chains: [], runs: [] }),
    showMetrics: (_req, res) => void res.end(),
    log: pino({ level: 'debug' }, toLines(log)),
    settings: {
      bodyLimitBytes: 1024 * 1024,
      waitTimeoutMs: 60_000,
      runTimeoutMs: 60_000,
      queueTimeoutMs: 60_000,
      answersPerCaller: 128,
      egressAllow: [],
      freeMode: true,
      orgHeader: undefined,
      adminKey: undefined,
      x402: undefined,
      trustedProxies: [],
      treasuryAddress: undefined,
      depositChains: [],
      chains: [],
      ...settings,
    },
    ...deps,
    models,
  })
  const { url, close } = await listen(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  return {
    url,
    orders,
    log,
    ask: (body, { headers, signal } = {}) =>
      fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-wallet-address': WALLET, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...(signal && { signal }),
      }) as Promise<Reply>,
  }
}

const away = async () => {
  throw new GatewayError('The store does not answer.', {
    status: 503,
    code: 'store_unavailable',
    type: 'service_unavailable_error',
    retryAfterSec: 5,
  })
}
/** As where Postgres cannot be reached. */
const NO_STORE: Pick<AppDeps, 'takeRun' | 'runs' | 'news'> = {
  takeRun: away,
  runs: { submit: away, find: away, list: away, cancel: away, forget: away, events: away, abandon: away },
  news: { watch: () => ({ next: away, stop() {} }), close: async () => {} },
}

const NO_LIMITS: AppDeps['limits'] = {
  takeNetworkRequest: async () => [],
  takeRequest: async () => [],
  takeAccountRequest: async () => [],
  takeTokens: async () => undefined,
  correctTokens: async () => {},
}

/** Free mode never asks. */
const NOTHING_TO_PAY: AppDeps['billing'] = {
  mostTokens: () => 0,
  termsOf: () => ({ rates: { promptPerMillion: 0n, completionPerMillion: 0n }, toolPrices: {} }),
  hold: away,
  toHoldOrder: () => {
    throw new Error('free mode holds nothing')
  },
}

export const HELLO = { messages: [{ role: 'user', content: 'hello' }] }

/** A run that tells these events. */
export function tells(...events: readonly RunEvent[]): ExecuteRun {
  return async function* (order) {
    yield { type: 'step_started', step: 1 }
    for (const event of events) yield event.type === 'completed' ? withRunId(event, order.id) : event
  }
}

export const says = (...texts: readonly string[]): ExecuteRun =>
  tells(...texts.map((text): RunEvent => ({ type: 'text', text })), completed())

/** A run that hands its caller these calls. */
export const calls = (...toolCalls: readonly ToolCall[]): ExecuteRun =>
  tells(...toolCalls.map((call): RunEvent => ({ type: 'client_call', call })), completed({ reason: 'tool_calls' }))

export function completed({
  usage = { promptTokens: 12, completionTokens: 3 },
  ...rest
}: {
  usage?: Usage
  reason?: RunCompleted['reason']
  trace?: Partial<RunCompleted['trace']>
} = {}): RunCompleted {
  return {
    type: 'completed',
    reason: rest.reason ?? 'stop',
    usage,
    trace: {
      runId: '',
      backend: 'ollama:qwen3:8b',
      steps: 1,
      limit: null,
      toolCalls: [],
      blocks: [],
      reorgs: [],
      evidence: [],
      ...rest.trace,
    },
  }
}

function withRunId(event: RunCompleted, runId: string): RunCompleted {
  return { ...event, trace: { ...event.trace, runId } }
}

export function toModels(listings: readonly ModelListing[]): Models {
  return { list: () => listings, find: (id) => listings.find((listing) => listing.id === id) }
}

export function idleModel(id: string): Model {
  return {
    id,
    backend: 'ollama:qwen3:8b',
    contextTokens: 16_384,
    stream: () => {
      throw new Error('HTTP never calls a model')
    },
    check: async () => ({ status: 'ok' }),
  }
}

function toLines(log: LogLine[]): Writable {
  return new Writable({
    write(chunk, _encoding, done) {
      log.push(JSON.parse(String(chunk)))
      done()
    },
  })
}
