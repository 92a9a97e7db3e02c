import type { RequestListener } from 'node:http'
import type { AccountDesks } from './account-desks.ts'
import { accountRoutes } from './account-routes.ts'
import type { Identify } from './accounts/identify/identify.ts'
import { createBareApp, toListener } from './bare-app.ts'
import type { Config } from './config.ts'
import { toTopUpWays } from './http/accounts/top-up-ways.ts'
import { createAuthenticate } from './http/auth.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { docsRoutes } from './http/openapi/docs-routes.ts'
import { showOpenApi } from './http/openapi/show-openapi.ts'
import { findPayer } from './http/payments/find-payer.ts'
import { createRequestPayments } from './http/payments/request-payments.ts'
import { limitIp } from './http/rate-limits/limit-ip.ts'
import { refuseWhileStopping } from './http/refuse-while-stopping.ts'
import { createStopping, type Stopping } from './http/stopping.ts'
import { browserAccess } from './http/transport/browser-access.ts'
import { singleHeaders } from './http/transport/single-headers.ts'
import { welcome } from './http/welcome.ts'
import { type AnswerDeps, type AnswerSettings, addModelRoutes } from './model-routes.ts'
import { addProbes, type ProbeDeps } from './probes.ts'

export type AppDeps = ProbeDeps &
  AnswerDeps & {
    identify: Identify
    /** Undefined: there are no routes of accounts. */
    accounts?: Omit<AccountDesks, 'identify' | 'limits'>
    settings: AppSettings
    stopping?: Stopping
  }

export type AppSettings = AnswerSettings &
  Pick<Config, 'orgHeader' | 'adminKey' | 'x402' | 'trustedProxies' | 'treasuryAddress' | 'depositChains' | 'chains'>

/** The gateway without a socket. */
export function createApp({
  identify,
  accounts,
  settings,
  stopping = createStopping(),
  ...deps
}: AppDeps): RequestListener {
  const { freeMode, orgHeader, adminKey, trustedProxies, bodyLimitBytes } = settings
  const anonymous = !freeMode && (settings.x402?.anonymous ?? false)
  const payments = createRequestPayments({ desk: accounts?.x402, anonymous })
  const authenticate = createAuthenticate({ identify, orgHeader })
  const authenticatePayer = anonymous
    ? createAuthenticate({ identify, orgHeader, payer: (req, res) => findPayer(payments, req, res) })
    : authenticate
  const topUpWays = toTopUpWays(settings)
  const readOnly = methodNotAllowed('GET', 'HEAD')

  const app = createBareApp({ ...deps, trustedProxies })
  app.use(browserAccess(), singleHeaders)
  app.route('/').get(welcome({ freeMode, anonymous })).all(readOnly)
  addProbes(app, deps)
  app.use(['/v1', '/auth', '/admin'], limitIp(deps.limits))
  app.use(refuseWhileStopping(stopping)) // what stands above is asked by whoever watches the process
  addModelRoutes(app, { ...deps, settings, authenticate, authenticatePayer, payments, topUpWays })
  if (accounts !== undefined) {
    const { limits } = deps
    app.use(accountRoutes({ ...accounts, limits, authenticate, adminKey, freeMode, topUpWays, bodyLimitBytes }))
  }
  app.route('/openapi.json').get(showOpenApi()).all(readOnly)
  app.use(docsRoutes())
  return toListener(app)
}
