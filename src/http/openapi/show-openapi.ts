import { hash } from 'node:crypto'
import type { RequestHandler } from 'express'

/** `GET /openapi.json`: made when it is first asked for, as few ever ask. */
export function showOpenApi(): RequestHandler {
  let made: Promise<{ text: string; etag: string }> | undefined
  return async (req, res) => {
    made ??= makeText()
    const { text, etag } = await made
    res.setHeader('cache-control', 'public, max-age=300')
    res.setHeader('etag', etag)
    if (req.fresh) res.status(304).end()
    else res.type('json').send(text)
  }
}

async function makeText(): Promise<{ text: string; etag: string }> {
  const { createOpenApiDocument } = await import('./document.ts')
  const text = JSON.stringify(createOpenApiDocument())
  return { text, etag: `"${hash('sha256', text).slice(0, 32)}"` }
}
