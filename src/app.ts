import { randomUUID } from 'node:crypto'
import type { RequestListener } from 'node:http'
import type { AccountDesks } from './account-desks.ts'
import { accountRoutes } from './account-routes.ts'
import type { Identify } from './accounts/identify/identify.ts'
import type { RateLimits } from './accounts/limits/create-rate-limits.ts'
import { createBareApp, toListener } from './bare-app.ts'
import type { Config } from './config.ts'
import { toTopUpWays } from './http/accounts/top-up-ways.ts'
import { createAuthenticate } from './http/auth.ts'
import { createCallerLimit } from './http/caller-limit.ts'
import { chatCompletions } from './http/chat/chat-completions.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { listModels, showModel } from './http/model-list.ts'
import { createOpenRun } from './http/open-run.ts'
import { docsRoutes } from './http/openapi/docs-routes.ts'
import { showOpenApi } from './http/openapi/show-openapi.ts'
import { findPayer } from './http/payments/find-payer.ts'
import { createRequestPayments } from './http/payments/request-payments.ts'
import { limitCaller } from './http/rate-limits/limit-caller.ts'
import { limitIp } from './http/rate-limits/limit-ip.ts'
import { createTakeTokens } from './http/rate-limits/take-tokens.ts'
import { refuseWhileStopping } from './http/refuse-while-stopping.ts'
import { createResponse } from './http/responses/create-response.ts'
import { cancelResponse, deleteResponse } from './http/responses/end-response.ts'
import { listInputItems } from './http/responses/list-input-items.ts'
import type { KeptResponse } from './http/responses/response-object.ts'
import { showResponse } from './http/responses/show-response.ts'
import type { RunRouteDeps } from './http/run-route.ts'
import { runRoutes } from './http/runs/run-routes.ts'
import { createSchemaFaults } from './http/schema-faults.ts'
import { createStopping, type Stopping } from './http/stopping.ts'
import { browserAccess } from './http/transport/browser-access.ts'
import { jsonBody } from './http/transport/json-body.ts'
import { singleHeaders } from './http/transport/single-headers.ts'
import { welcome } from './http/welcome.ts'
import type { Models } from './models/models.ts'
import { addProbes, type ProbeDeps } from './probes.ts'
import type { Billing } from './runs/billing.ts'
import type { Keep } from './runs/keep.ts'
import type { ExecuteRun } from './runs/run.ts'
import type { RunNews } from './runs/run-news.ts'
import type { RunDesk } from './runs/run-store.ts'
import type { TakeRun } from './runs/take-run.ts'

export type AppDeps = ProbeDeps & {
  models: Models
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  executeRun: ExecuteRun
  identify: Identify
  billing: Billing
  limits: RateLimits
  /** Undefined: there are no routes of accounts. */
  accounts?: Omit<AccountDesks, 'identify' | 'limits'>
  /** Runs that are kept in the store. */
  takeRun: TakeRun
  runs: RunDesk
  news: RunNews
  /** Responses that can be asked for again. */
  keptResponses: Keep<KeptResponse>
  settings: AppSettings
  stopping?: Stopping
  newRunId?: () => string
  /** Unix time in milliseconds. */
  now?: () => number
}

export type AppSettings = Pick<
  Config,
  | 'bodyLimitBytes'
  | 'waitTimeoutMs'
  | 'runTimeoutMs'
  | 'queueTimeoutMs'
  | 'answersPerCaller'
  | 'egressAllow'
  | 'freeMode'
  | 'orgHeader'
  | 'adminKey'
  | 'x402'
  | 'trustedProxies'
  | 'treasuryAddress'
  | 'depositChains'
  | 'chains'
> & {
  /** Longest silence in a stream. */
  heartbeatMs?: number
}

/** The gateway without a socket. */
export function createApp({
  models,
  serverToolNames,
  executeRun,
  identify,
  billing,
  limits,
  accounts,
  takeRun,
  runs,
  news,
  keptResponses: keep,
  settings: { bodyLimitBytes, egressAllow, orgHeader, adminKey, trustedProxies, heartbeatMs = 10_000, ...settings },
  stopping = createStopping(),
  newRunId = createRunId,
  now = Date.now,
  ...probes
}: AppDeps): RequestListener {
  const { log } = probes
  const createdSec = Math.floor(now() / 1000)
  const findSchemaFault = createSchemaFaults()
  const answers = createCallerLimit(settings.answersPerCaller)
  const anonymous = !settings.freeMode && (settings.x402?.anonymous ?? false)
  const payments = createRequestPayments({ desk: accounts?.x402, anonymous })
  const takeTokens = createTakeTokens({ limits, log })
  const topUpWays = toTopUpWays(settings)
  const openRun = createOpenRun({
    ...settings,
    executeRun,
    takeRun,
    answers,
    billing,
    payments,
    takeTokens,
    topUpWays,
    now,
  })
  const authenticate = createAuthenticate({ identify, orgHeader })
  const route: RunRouteDeps = {
    models,
    serverToolNames,
    findSchemaFault,
    openRun,
    newRunId,
    egressAllow,
    now,
    heartbeatMs,
  }
  const kept = { keep, runs, news, heartbeatMs }
  const complete = chatCompletions(route)
  const respond = createResponse({ ...route, ...kept, log })
  const readOnly = methodNotAllowed('GET', 'HEAD')

  const app = createBareApp({ ...probes, trustedProxies })
  const orPays = anonymous
    ? createAuthenticate({ identify, orgHeader, payer: (req, res) => findPayer(payments, req, res) })
    : authenticate
  const asksModel = [orPays, limitCaller(limits), jsonBody(bodyLimitBytes)]
  app.use(browserAccess(), singleHeaders)
  app
    .route('/')
    .get(welcome({ ...settings, anonymous }))
    .all(readOnly)
  addProbes(app, probes)
  app.use(['/v1', '/auth', '/admin'], limitIp(limits))
  app.use(refuseWhileStopping(stopping)) // what stands above is asked by whoever watches the process
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
  if (accounts !== undefined)
    app.use(
      accountRoutes({
        ...accounts,
        authenticate,
        adminKey,
        bodyLimitBytes,
        freeMode: settings.freeMode,
        topUpWays,
      }),
    )
  app.route('/openapi.json').get(showOpenApi()).all(readOnly)
  app.use(docsRoutes())

  return toListener(app)
}

/** A UUID draws on random bytes that Node keeps at hand; asking for fresh ones costs a tenth of a request. */
function createRunId(): string {
  return `run_${randomUUID().replaceAll('-', '').slice(0, 24)}`
}
