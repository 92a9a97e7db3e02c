import type { RequestListener } from 'node:http'
import type { Express, RequestHandler } from 'express'
import { type BareAppDeps, createBareApp, toListener } from './bare-app.ts'
import { methodNotAllowed } from './http/method-not-allowed.ts'
import { type Readiness, showReadiness } from './http/show-readiness.ts'

export type ProbeDeps = BareAppDeps & {
  readiness: () => Promise<Readiness>
  showMetrics: RequestHandler
}

/** What whoever watches a process asks; all that a worker answers. */
export function createProbes(deps: ProbeDeps): RequestListener {
  const app = createBareApp(deps)
  addProbes(app, deps)
  return toListener(app)
}

export function addProbes(app: Express, { readiness, showMetrics }: ProbeDeps): void {
  const readOnly = methodNotAllowed('GET', 'HEAD')
  app.route('/health').get(health).all(readOnly)
  app.route('/ready').get(showReadiness(readiness)).all(readOnly)
  app.route('/metrics').get(showMetrics).all(readOnly)
}

const health: RequestHandler = (_req, res) => {
  res.json({ status: 'ok' })
}
