import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import { isEnd } from '../../runs/is-end.ts'
import { callerOf } from '../auth.ts'
import { queryInteger } from '../integer.ts'
import { parseRequest } from '../parse-request.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { createSseWriter, toSseFrame } from '../transport/sse.ts'
import { idOf, runNotFound } from './expect-run.ts'
import { type FollowEventsDeps, followEvents } from './follow-events.ts'
import type { WireRunEvent } from './run-event.ts'

/**
 * `GET /v1/runs/{id}/events`: what has happened to a run, and what happens until its end. A browser's `EventSource` that has
 * lost its connection goes on by `Last-Event-ID`, others say `?starting_after=`. Where all has been told it is a 204, which also
 * stops an `EventSource`.
 */
export function runEvents({ heartbeatMs, ...deps }: FollowEventsDeps & { heartbeatMs: number }): RequestHandler {
  return async (req, res) => {
    const id = idOf(req)
    const caller = callerOf(res)
    const after = readAfter(req)
    const known = await deps.runs.events(caller, id, 0)
    if (known === undefined) throw runNotFound(id)
    res.locals.note.runId = id
    res.setHeader('x-groundwire-run-id', id)
    const last = known.at(-1)
    if (last !== undefined && isEnd(last) && last.seq <= after) {
      res.status(204).end()
      return
    }

    const signal = hangUpSignal(res)
    const sse = createSseWriter(res, { toFrame, heartbeatMs, signal })
    try {
      await sse.open()
      res.flushHeaders()
      if (req.method !== 'HEAD') {
        const start = Math.min(after, last?.seq ?? 0) // a number that is still to come would hide the end
        for await (const event of followEvents(deps, { caller, id, after: start, signal })) await sse.send(event)
      }
    } finally {
      sse.stop()
    }
    res.end()
  }
}

/** What was seen last: an `EventSource` keeps its URL when it comes back, so its header knows better. */
function readAfter(req: Request): number {
  const lastEventId = req.get('last-event-id')
  if (lastEventId !== undefined) return parseRequest(EventNumber, lastEventId, ['last-event-id'])
  return parseRequest(EventsQuery, req.query).starting_after
}

const EventNumber = queryInteger(0)
const EventsQuery = z.object({ starting_after: EventNumber.default(0) })

function toFrame(data: unknown): string {
  const event = data as WireRunEvent
  return `id: ${event.sequence_number}\nevent: ${event.type}\n${toSseFrame(event)}`
}
