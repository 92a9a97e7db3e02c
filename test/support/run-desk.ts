import { randomBytes } from 'node:crypto'
import express from 'express'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createIdentify } from '../../src/accounts/identify/identify.ts'
import type { Database } from '../../src/db/database.ts'
import { createAuthenticate } from '../../src/http/auth.ts'
import { errorHandler } from '../../src/http/error-handler.ts'
import { requestId } from '../../src/http/request-id.ts'
import { requestLog } from '../../src/http/request-log.ts'
import { runRoutes } from '../../src/http/runs/run-routes.ts'
import { listen } from '../../src/http/transport/listen.ts'
import { createRunNews } from '../../src/runs/news/create-run-news.ts'
import type { RunCompleted } from '../../src/runs/run.ts'
import type { RunOutcome, RunRecord } from '../../src/runs/run-record.ts'
import type { NewRun, RunStore } from '../../src/runs/run-store.ts'
import { completed, WALLET } from './http-gateway.ts'
import { newRun, newRunId, testStore } from './stored-runs.ts'

export const CALLER = `claim:${WALLET.toLowerCase()}`

export type RunDeskOnWire = {
  url: string
  database: Database
  store: RunStore
  log: Record<string, unknown>[]
  /** As the caller unless the headers say otherwise. */
  send(method: string, path: string, headers?: Record<string, string>, signal?: AbortSignal): Promise<Response>
  // biome-ignore lint/suspicious/noExplicitAny: specs read whatever the wire holds
  ask(method: string, path: string, headers?: Record<string, string>): Promise<{ status: number; body: any }>
}

/** The routes on runs, on a real socket over a real store. */
export async function startRunDesk({ heartbeatMs = 10_000 } = {}): Promise<RunDeskOnWire> {
  const { database, store } = await testStore({ queueTimeoutMs: 60_000 })
  const news = createRunNews({ database, log: pino({ level: 'silent' }) })
  onTestFinished(() => news.close())
  const log: Record<string, unknown>[] = []
  const app = express()
  app.set('query parser', 'simple')
  app.use(requestId, requestLog(pino({ level: 'debug' }, { write: (line) => log.push(JSON.parse(line)) })))
  const authenticate = createAuthenticate({
    identify: createIdentify({ freeMode: true, find: async () => undefined }),
  })
  app.use(runRoutes({ authenticate, runs: store, news, heartbeatMs }), errorHandler)
  const { url, close } = await listen(app, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => close(AbortSignal.abort()))
  const send: RunDeskOnWire['send'] = (method, path, headers = {}, signal) =>
    fetch(`${url}/v1/runs${path}`, {
      method,
      headers: { 'x-wallet-address': WALLET, ...headers },
      ...(signal && { signal }),
    })
  return {
    url,
    database,
    store,
    log,
    send,
    async ask(method, path, headers) {
      const response = await send(method, path, headers)
      return { status: response.status, body: await response.json() }
    },
  }
}

/** A run of the caller, in the background and in the queue unless the spec says otherwise. */
export async function submitRun(
  { store }: Pick<RunDeskOnWire, 'store'>,
  fields: Partial<NewRun> = {},
): Promise<RunRecord> {
  const id = newRunId()
  const envelope = {
    api: 'chat',
    head: { id: id.replace('run_', 'chatcmpl-'), created: 1_767_225_600, model: 'conductor' },
    trace: false,
  }
  const bodyHash = randomBytes(32).toString('hex')
  const { run } = await store.submit(newRun({ id, caller: CALLER, envelope, bodyHash, ...fields }))
  return run
}

export const ANSWERED = toAnswered()

export function toAnswered(reason: RunCompleted['reason'] = 'stop'): RunOutcome {
  const { usage, trace } = completed()
  return { state: 'completed', model: 'conductor', text: 'It is 1 ETH.', toolCalls: [], reason, usage, trace }
}

export const FAILED: RunOutcome = {
  state: 'failed',
  error: {
    message: "The model 'conductor' took too long to answer.",
    status: 504,
    code: 'model_timeout',
    type: 'timeout_error',
    param: null,
    details: {},
  },
}

/** What a worker does: a step that calls a tool, then the answer. */
export async function workOn({ store }: Pick<RunDeskOnWire, 'store'>, id: string, outcome: RunOutcome = ANSWERED) {
  const claim = (await store.claim(id, 'worker')) ?? throwUnclaimed(id)
  const usage = { promptTokens: 12, completionTokens: 3, cachedTokens: 4 }
  const events = [{ type: 'finished' as const, reason: 'tool_calls' as const, usage }]
  await store.recordStep(claim, { step: 1, events, usage })
  await store.recordTool(claim, {
    step: 1,
    callId: 'call_1',
    name: 'native_balance',
    result: { ok: true, text: '', summary: 'It holds 1 ETH.', output: {}, blocks: [] },
    durationMs: 5,
    evidence: [],
  })
  return store.finish(claim, outcome)
}

function throwUnclaimed(id: string): never {
  throw new Error(`${id} cannot be claimed`)
}
