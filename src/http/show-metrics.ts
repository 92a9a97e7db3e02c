import type { RequestHandler } from 'express'

/** What shows itself to Prometheus. `render` does not reject. */
export type RenderMetrics = () => Promise<{ contentType: string; body: string }>

/** `GET /metrics`. Figures of all callers, so a proxy that faces the public should not pass it on. */
export function showMetrics(render: RenderMetrics): RequestHandler {
  return async (_req, res) => {
    const { contentType, body } = await render()
    res.set('content-type', contentType).set('cache-control', 'no-store').send(body)
  }
}
