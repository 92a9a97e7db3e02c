import type { RequestHandler } from 'express'

/** Whether a question would be answered now. A part's `detail` says what to do; it holds no address and no secret. */
export type Readiness = {
  /** All that the operator needs is up. */
  ready: boolean
  models: readonly PartStatus[]
  chains: readonly PartStatus[]
}

/** `backend` is what serves a model: `ollama:qwen3:8b`. */
type PartStatus = { id: string; backend?: string; status: 'ok' | 'down'; detail?: string }

/** `GET /ready`: 200 or 503, with the state of each part. */
export function showReadiness(readiness: () => Promise<Readiness>): RequestHandler {
  return async (_req, res) => {
    const { ready, models, chains } = await readiness()
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', models, chains })
  }
}
