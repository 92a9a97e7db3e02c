import type { Request, Response } from 'express'
import { toJsonText } from './json-text.ts'

/**
 * Answers before the upload is over, and ends the connection, as the rest of it is not wanted. A socket that is closed
 * with bytes unread is reset, and the answer may be lost with it: so the caller gets a moment to read it and to stop.
 */
export function endUpload(req: Request, res: Response, body: unknown): void {
  const text = toJsonText(body)
  res.setHeader('connection', 'close')
  res.setHeader('content-type', 'application/json; charset=utf-8')
  res.setHeader('content-length', Buffer.byteLength(text))
  res.write(text) // whole for the caller: its length is known
  res.locals.note.isAnswered = true
  const end = () => {
    clearTimeout(timer)
    res.end()
  }
  const timer = setTimeout(end, LINGER_MS)
  res.once('close', end)
  if (req.complete) end()
  else req.once('end', end).resume()
}

const LINGER_MS = 1_000
