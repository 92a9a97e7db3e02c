import type { Response } from 'express'
import { toJsonText } from './json-text.ts'

/**
 * Keeps a blocking reply alive through proxies that cut a silence: its head leaves after the first `everyMs`, and blanks before
 * the JSON, which parsers pass over. From then on the status is 200, and a failure is told in the body alone: that is why a
 * caller has to ask for it.
 */
export function startJsonHeartbeat(res: Response, everyMs: number): { stop(): void } {
  const timer = setInterval(() => {
    if (res.destroyed || res.writableEnded || res.writableNeedDrain) return
    if (!res.headersSent)
      res.writeHead(200, { 'content-type': 'application/json; charset=utf-8', 'x-accel-buffering': 'no' })
    res.write(' ')
  }, everyMs)
  const stop = () => clearInterval(timer)
  res.once('close', stop)
  return { stop }
}

/** The reply, whether or not its head has left. */
export function sendJson(res: Response, body: object): void {
  if (res.headersSent) res.end(toJsonText(body))
  else res.json(body)
}
