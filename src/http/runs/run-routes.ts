import express, { type RequestHandler, type Router } from 'express'
import type { RunNews } from '../../runs/run-news.ts'
import type { RunDesk } from '../../runs/run-store.ts'
import { methodNotAllowed } from '../method-not-allowed.ts'
import { cancelRun, deleteRun } from './end-run.ts'
import { listRuns } from './list-runs.ts'
import { runEvents } from './run-events.ts'
import { showRun } from './show-run.ts'

export type RunRoutesDeps = {
  authenticate: RequestHandler
  runs: Pick<RunDesk, 'find' | 'list' | 'cancel' | 'forget' | 'events'>
  news: RunNews
  /** Longest silence in a stream. */
  heartbeatMs: number
}

/** What callers see of runs that are kept in the store. */
export function runRoutes(deps: RunRoutesDeps): Router {
  const { authenticate } = deps
  const readOnly = methodNotAllowed('GET', 'HEAD')
  const router = express.Router()
  router.route('/v1/runs').get(authenticate, listRuns(deps)).all(readOnly)
  router
    .route('/v1/runs/:id')
    .get(authenticate, showRun(deps))
    .delete(authenticate, deleteRun(deps))
    .all(methodNotAllowed('GET', 'HEAD', 'DELETE'))
  router.route('/v1/runs/:id/events').get(authenticate, runEvents(deps)).all(readOnly)
  router.route('/v1/runs/:id/cancel').post(authenticate, cancelRun(deps)).all(methodNotAllowed('POST'))
  return router
}
