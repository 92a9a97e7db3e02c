import type { Response } from 'express'

/** Aborts when the caller leaves before the response is out. */
export function hangUpSignal(res: Response): AbortSignal {
  const controller = new AbortController()
  const onClose = () => {
    if (!res.writableFinished) controller.abort(new DOMException('The caller hung up.', 'AbortError'))
  }
  if (res.closed || res.destroyed) onClose()
  else res.once('close', onClose)
  return controller.signal
}
