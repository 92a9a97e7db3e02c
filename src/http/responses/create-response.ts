import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import { toErrorFields } from '../../error-fields.ts'
import type { RunNews } from '../../runs/run-news.ts'
import { isHeldToEnd } from '../answer.ts'
import { callerOf, identityOf } from '../auth.ts'
import { findModel } from '../find-model.ts'
import { isHiddenCall } from '../hidden-call.ts'
import { wantsHeartbeat, wantsServerTools, wantsTrace } from '../request-headers.ts'
import { requireStream } from '../require-stream.ts'
import { announceRun, type RunRouteDeps } from '../run-route.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { sendJson, startJsonHeartbeat } from '../transport/json-heartbeat.ts'
import { followResponse } from './follow-response.ts'
import { parseInput } from './input-items.ts'
import { createItemFinder, getConversation, type KeptResponseDeps } from './kept-responses.ts'
import { refuseDuplicates } from './refuse-duplicates.ts'
import type { ResponseEnvelope } from './response-envelope.ts'
import { toResponseId } from './response-object.ts'
import { parseResponseRequest } from './response-request.ts'
import { toResponseStart } from './response-start.ts'
import { createResponseTeller } from './response-teller.ts'
import { sendEvents } from './send-events.ts'
import { tellRun } from './tell-run.ts'
import { tellStored } from './tell-stored.ts'
import { toMessages } from './to-messages.ts'

export type CreateResponseDeps = RunRouteDeps & KeptResponseDeps & { news: RunNews; log: Logger }

/** `POST /v1/responses`. */
export function createResponse(deps: CreateResponseDeps): RequestHandler {
  const { models, serverToolNames, findSchemaFault, openRun, newRunId, egressAllow, keep, now, heartbeatMs, log } = deps
  return async (req, res) => {
    const { note } = res.locals
    const caller = callerOf(res)
    const serverTools = wantsServerTools(req)
    const traceByHeader = wantsTrace(req)
    const heartbeat = wantsHeartbeat(req)
    const takenNames = serverTools ? serverToolNames : []
    const request = parseResponseRequest(req.body, { takenNames, findSchemaFault, egressAllow })
    if (Object.keys(request.echo.metadata).length > 0) note.metadata = request.echo.metadata
    const listing = findModel(models, request.model, identityOf(res))
    if (request.stream && !request.background) requireStream(listing)
    const earlier = await getConversation(deps, caller, request.previousResponseId)
    const id = newRunId()
    const responseId = toResponseId(id)
    const findItem = createItemFinder(deps, caller, earlier)
    const input = [...earlier, ...(await parseInput(request.input, { responseId, findItem }))]
    refuseDuplicates(input)
    const messages = toMessages(request.instructions, input)
    const hidden = isHiddenCall(messages)
    if (hidden) note.hidden = true
    const { leftOut } = request.offered
    if (leftOut.length > 0) res.setHeader('x-groundwire-tools-left-out', leftOut.join(', '))
    const order = {
      messages,
      params: request.params,
      stream: request.stream,
      serverTools: serverTools && !hidden && listing.canCallTools !== false,
      clientTools: request.offered.tools,
      toolChoice: request.toolChoice,
      parallelToolCalls: request.parallelToolCalls,
      format: request.format,
    }
    const opened = await openRun(req, res, {
      id,
      order,
      modelId: request.model,
      listing,
      background: request.background,
      webhook: request.webhook,
      toEnvelope: (createdMs): ResponseEnvelope => ({
        api: 'responses',
        start: toResponseStart(request, { id: responseId, model: listing.model.id, createdMs }),
        input,
        callers: [...request.offered.callers],
        trace: request.trace || traceByHeader,
        streams: request.background && request.stream,
      }),
    })
    announceRun(res, { id: opened.id, model: listing.model.id })
    const signal = hangUpSignal(res)
    const { envelope, run } = opened
    if (request.background && run !== undefined) {
      const events = followResponse(deps, { run, envelope }, { after: -1, signal })
      if (request.stream) await sendEvents(res, events, { signal, heartbeatMs })
      else res.json((await tellStored(run, envelope)).response)
      return
    }

    const teller = createResponseTeller({ ...envelope, callers: new Map(envelope.callers), now })
    // An answer that could not be kept is still an answer: what would follow it is told that there is nothing to follow.
    const keepIt = async () => {
      if (!request.store) return
      await keep
        .set(caller, envelope.start.id, { response: teller.response(), input: envelope.input })
        .catch((error: unknown) => log.error({ runId: opened.id, error: toErrorFields(error) }, 'response not kept'))
    }
    const events = tellRun(opened.events(signal), {
      teller,
      keepIt,
      opensAtOnce: run !== undefined,
      beginsEarly: !isHeldToEnd(order),
      note,
    })
    if (request.stream) {
      const fail = async (thrown: unknown) => {
        const last = teller.fail(thrown)
        await keepIt()
        return last
      }
      await sendEvents(res, events, { signal, heartbeatMs, lifeSign: teller.lifeSign, fail })
    } else {
      const heart = heartbeat ? startJsonHeartbeat(res, heartbeatMs) : undefined
      try {
        for await (const _ of events);
        sendJson(res, teller.response())
      } finally {
        heart?.stop()
      }
    }
  }
}
