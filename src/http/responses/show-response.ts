import { Readable } from 'node:stream'
import type { RequestHandler } from 'express'
import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import { callerOf } from '../auth.ts'
import { queryInteger } from '../integer.ts'
import { parseRequest } from '../parse-request.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { getKept, idOf, type KeptResponseDeps } from './kept-responses.ts'
import type { ResponseEvent } from './response-event.ts'
import type { KeptResponse } from './response-object.ts'
import { retell } from './retell.ts'
import { sendEvents } from './send-events.ts'

/** `GET /v1/responses/{id}`: as it stands, or with `?stream=true` its events after `starting_after`. */
export function showResponse({
  keep,
  background,
  heartbeatMs,
}: KeptResponseDeps & { heartbeatMs: number }): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const { stream, starting_after: after } = parseRequest(ShowQuery, req.query)
    const run = background.find(caller, id)
    if (stream !== 'true' || req.method === 'HEAD') {
      res.json(run === undefined ? (await getKept(keep, caller, id)).response : run.response())
      return
    }
    const signal = hangUpSignal(res)
    const events = run === undefined ? again(await getKept(keep, caller, id), after) : follow(run, after, signal)
    await sendEvents(res, events, { signal, heartbeatMs, atOnce: true })
  }
}

const ShowQuery = z.object({
  stream: z.enum(['true', 'false']).optional(),
  starting_after: queryInteger(-1).default(-1),
})

type Followed = { streams: boolean; follow(after: number, signal: AbortSignal): AsyncIterable<ResponseEvent> }

function follow(run: Followed, after: number, signal: AbortSignal): AsyncIterable<ResponseEvent> {
  return run.streams ? run.follow(after, signal) : refuseStream()
}

function again(kept: KeptResponse, after: number): AsyncIterable<ResponseEvent> {
  return kept.textLengths === null ? refuseStream() : Readable.from(retell(kept, kept.textLengths, after))
}

function refuseStream(): never {
  throw new BadRequestError(
    "This response cannot be streamed: only those created with both 'background' and 'stream' set to true can.",
    { param: 'stream', code: 'invalid_value' },
  )
}
