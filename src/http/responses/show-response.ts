import type { RequestHandler } from 'express'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { RunNews } from '../../runs/run-news.ts'
import { callerOf } from '../auth.ts'
import { queryInteger } from '../integer.ts'
import { parseRequest } from '../parse-request.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { followResponse } from './follow-response.ts'
import { findInBackground, getResponse, idOf, type KeptResponseDeps } from './kept-responses.ts'
import { sendEvents } from './send-events.ts'

export type ShowResponseDeps = KeptResponseDeps & { news: RunNews; heartbeatMs: number }

/** `GET /v1/responses/{id}`: as it stands, or with `?stream=true` its events after `starting_after`. */
export function showResponse({ heartbeatMs, ...deps }: ShowResponseDeps): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const { stream, starting_after: after } = parseRequest(ShowQuery, req.query)
    if (stream !== 'true' || req.method === 'HEAD') {
      res.json((await getResponse(deps, caller, id)).response)
      return
    }
    const found = await findInBackground(deps.runs, caller, id)
    if (!found?.envelope.streams) {
      await getResponse(deps, caller, id)
      refuseStream()
    }
    const signal = hangUpSignal(res)
    await sendEvents(res, followResponse(deps, found, { after, signal }), { signal, heartbeatMs, atOnce: true })
  }
}

const ShowQuery = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: queryInteger(-1).default(-1),
})

function refuseStream(): never {
  throw new BadRequestError(
    "This response cannot be streamed: only those created with both 'background' and 'stream' set to true can.",
    { param: 'stream', code: 'invalid_value' },
  )
}
