import { randomUUID } from 'node:crypto'
import type { Express, RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { RateLimits } from './accounts/limits/create-rate-limits.ts'
import type { Config } from './config.ts'
import type { TopUpWays } from './http/accounts/top-up-ways.ts'
import { createCallerLimit } from './http/caller-limit.ts'
import { chatCompletions } from './http/chat/chat-completions.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { listModels, showModel } from './http/model-list.ts'
import { createOpenRun } from './http/open-run.ts'
import type { RequestPayments } from './http/payments/request-payments.ts'
import { limitCaller } from './http/rate-limits/limit-caller.ts'
import { createTakeTokens } from './http/rate-limits/take-tokens.ts'
import { createResponse } from './http/responses/create-response.ts'
import { cancelResponse, deleteResponse } from './http/responses/end-response.ts'
import { listInputItems } from './http/responses/list-input-items.ts'
import type { KeptResponse } from './http/responses/response-object.ts'
import { showResponse } from './http/responses/show-response.ts'
import type { RunRouteDeps } from './http/run-route.ts'
import { runRoutes } from './http/runs/run-routes.ts'
import { createSchemaFaults } from './http/schema-faults.ts'
import { jsonBody } from './http/transport/json-body.ts'
import type { Models } from './models/models.ts'
import type { Billing } from './runs/billing.ts'
import type { Keep } from './runs/keep.ts'
import type { ExecuteRun } from './runs/run.ts'
import type { RunNews } from './runs/run-news.ts'
import type { RunDesk } from './runs/run-store.ts'
import type { TakeRun } from './runs/take-run.ts'

/** What answers questions, and what is asked of the answers later. */
export type AnswerDeps = {
  models: Models
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  executeRun: ExecuteRun
  billing: Billing
  limits: RateLimits
  /** Runs that are kept in the store. */
  takeRun: TakeRun
  runs: RunDesk
  news: RunNews
  /** Responses that can be asked for again. */
  keptResponses: Keep<KeptResponse>
  newRunId?: () => string
  /** Unix time in milliseconds. */
  now?: () => number
}

export type AnswerSettings = Pick<
  Config,
  | 'bodyLimitBytes'
  | 'waitTimeoutMs'
  | 'runTimeoutMs'
  | 'queueTimeoutMs'
  | 'answersPerCaller'
  | 'egressAllow'
  | 'freeMode'
> & {
  /** Longest silence in a stream. */
  heartbeatMs?: number
}

export type ModelRoutesDeps = AnswerDeps & {
  settings: AnswerSettings
  authenticate: RequestHandler
  /** Lets in also who pays with the request itself. */
  authenticatePayer: RequestHandler
  payments: RequestPayments
  topUpWays: TopUpWays
  log: Logger
}

/** Adds what asks models, and what shows their answers. No router of its own: each is one more step on the way of a completion. */
export function addModelRoutes(app: Express, deps: ModelRoutesDeps): void {
  const {
    models,
    serverToolNames,
    runs,
    news,
    limits,
    keptResponses: keep,
    authenticate,
    authenticatePayer,
    log,
  } = deps
  const { newRunId = createRunId, now = Date.now } = deps
  const { bodyLimitBytes, egressAllow, answersPerCaller, heartbeatMs = 10_000 } = deps.settings
  const openRun = createOpenRun({
    ...deps.settings,
    ...deps,
    answers: createCallerLimit(answersPerCaller),
    takeTokens: createTakeTokens({ limits, log }),
    now,
  })
  const findSchemaFault = createSchemaFaults()
  const route: RunRouteDeps = {
    ...{ models, serverToolNames, findSchemaFault, openRun, newRunId, egressAllow, now, heartbeatMs },
  }
  const kept = { keep, runs, news, heartbeatMs }
  const asksModel = [authenticatePayer, limitCaller(limits), jsonBody(bodyLimitBytes)]
  const complete = chatCompletions(route)
  const respond = createResponse({ ...route, ...kept, log })
  const createdSec = Math.floor(now() / 1000)
  const readOnly = methodNotAllowed('GET', 'HEAD')

  app.route('/v1/models').get(authenticate, listModels(models, createdSec)).all(readOnly)
  app.route('/v1/models/*id').get(authenticate, showModel(models, createdSec)).all(readOnly)
  app.route('/v1/chat/completions').post(asksModel, complete).all(methodNotAllowed('POST'))
  app.route('/v1/responses').post(asksModel, respond).all(methodNotAllowed('POST'))
  app
    .route('/v1/responses/:id')
    .get(authenticate, showResponse(kept))
    .delete(authenticate, deleteResponse(kept))
    .all(methodNotAllowed('GET', 'HEAD', 'DELETE'))
  app.route('/v1/responses/:id/cancel').post(authenticate, cancelResponse(kept)).all(methodNotAllowed('POST'))
  app.route('/v1/responses/:id/input_items').get(authenticate, listInputItems(kept)).all(readOnly)
  app.use(runRoutes({ ...kept, authenticate }))
}

/** A UUID draws on random bytes that Node keeps at hand; asking for fresh ones costs a tenth of a request. */
function createRunId(): string {
  return `run_${randomUUID().replaceAll('-', '').slice(0, 24)}`
}
