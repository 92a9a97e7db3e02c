import type { Response } from 'express'
import type { Stopping } from '../stopping.ts'

/** Aborts when the caller leaves before the response is out, or the process has to end: the reason says which. */
export function hangUpSignal(res: Response, stopping: Stopping | undefined = res.locals.stopping): AbortSignal {
  const controller = new AbortController()
  const ignoreStop = stopping?.onBreakOff((reason) => controller.abort(reason))
  const onClose = () => {
    ignoreStop?.()
    if (!res.writableFinished) controller.abort(new DOMException('The caller hung up.', 'AbortError'))
  }
  if (res.closed || res.destroyed) onClose()
  else res.once('close', onClose)
  return controller.signal
}
