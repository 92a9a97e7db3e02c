import type { RequestHandler } from 'express'

/** Whether a question would be answered now. A part's `detail` says what to do; it holds no address and no secret. */
export type Readiness = {
  /** All that the operator needs is up. */
  ready: boolean
  models: readonly ModelStatus[]
  chains: readonly PartStatus[]
  /** Where runs are kept and queued: without them, interactive models still answer in free mode. */
  runs: readonly PartStatus[]
  /** By chain, where deposits are watched for. */
  deposits?: readonly PartStatus[]
}

/** `backend` is what serves a model: `ollama:qwen3:8b`. */
export type PartStatus = { id: string; backend?: string; status: 'ok' | 'down'; detail?: string }

/** `backends` are all of them, where it has several. */
export type ModelStatus = PartStatus & { backends?: readonly BackendStatus[] }

type BackendStatus = { backend: string } & Pick<PartStatus, 'status' | 'detail'>

/** `GET /ready`: 200 or 503, with the state of each part. */
export function showReadiness(readiness: () => Promise<Readiness>): RequestHandler {
  return async (_req, res) => {
    const { ready, ...parts } = await readiness()
    res.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', ...parts })
  }
}
