import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { RunOrder } from '../../runs/run.ts'
import { isHeldToEnd } from '../answer.ts'
import { callerOf } from '../auth.ts'
import { findModel } from '../find-model.ts'
import { isHiddenCall } from '../hidden-call.ts'
import { wantsServerTools, wantsTrace } from '../request-headers.ts'
import { announceRun, type RunRouteDeps } from '../run-route.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { type InputItem, parseInput } from './input-items.ts'
import { createItemFinder, getConversation, type KeptResponseDeps } from './kept-responses.ts'
import { refuseDuplicates } from './refuse-duplicates.ts'
import { type KeptResponse, toResponseId } from './response-object.ts'
import { parseResponseRequest, type ResponseRequest } from './response-request.ts'
import { toResponseStart } from './response-start.ts'
import { createResponseTeller, type ResponseTeller } from './response-teller.ts'
import { runInBackground } from './run-in-background.ts'
import { sendEvents } from './send-events.ts'
import { keepFailed, type Telling, tellRun } from './tell-run.ts'
import { toMessages } from './to-messages.ts'

export type CreateResponseDeps = RunRouteDeps & KeptResponseDeps & { log: Logger }

/** `POST /v1/responses`. */
export function createResponse(deps: CreateResponseDeps): RequestHandler {
  const { models, serverToolNames, findSchemaFault, executeRun, keep, newRunId, now, heartbeatMs, log } = deps
  return async (req, res) => {
    const { note } = res.locals
    const caller = callerOf(res)
    const serverTools = wantsServerTools(req)
    const traceByHeader = wantsTrace(req)
    const takenNames = serverTools ? serverToolNames : []
    const request = parseResponseRequest(req.body, { takenNames, findSchemaFault })
    if (Object.keys(request.echo.metadata).length > 0) note.metadata = request.echo.metadata
    const { model } = findModel(models, request.model)
    const runId = newRunId()
    const responseId = toResponseId(runId)

    const earlier = await getConversation(deps, caller, request.previousResponseId)
    const findItem = createItemFinder(keep, caller, earlier)
    const input = [...earlier, ...(await parseInput(request.input, { responseId, findItem }))]
    refuseDuplicates(input)
    const messages = toMessages(request.instructions, input)
    const hidden = isHiddenCall(messages)
    const order: RunOrder = {
      id: runId,
      caller,
      model,
      messages,
      params: request.params,
      stream: request.stream,
      serverTools: serverTools && !hidden,
      clientTools: request.offered.tools,
      toolChoice: request.toolChoice,
      parallelToolCalls: request.parallelToolCalls,
      format: request.format,
    }
    if (hidden) note.hidden = true
    announceRun(res, order)
    const { leftOut } = request.offered
    if (leftOut.length > 0) res.setHeader('x-groundwire-tools-left-out', leftOut.join(', '))

    const teller = createResponseTeller({
      start: toResponseStart(request, { id: responseId, model: model.id, createdMs: now() }),
      callers: request.offered.callers,
      trace: request.trace || traceByHeader,
      now,
    })
    const keepIt = async () => {
      if (request.store) await keep.set(caller, responseId, toKept(teller, input, request))
    }
    const telling: Telling = { order, teller, keepIt }
    const signal = hangUpSignal(res)
    if (request.background) {
      const run = runInBackground(deps, { ...telling, input })
      if (request.stream) await sendEvents(res, run.follow(-1, signal), { signal, heartbeatMs })
      else res.json(run.response())
      return
    }
    const events = tellRun(executeRun, { ...telling, beginsEarly: !isHeldToEnd(order), note }, signal)
    if (request.stream) {
      const fail = async (thrown: unknown) => {
        const last = teller.fail(thrown)
        await keepFailed(telling, log)
        return last
      }
      await sendEvents(res, events, { signal, heartbeatMs, fail })
    } else {
      for await (const _ of events);
      res.json(teller.response())
    }
  }
}

function toKept(teller: ResponseTeller, input: readonly InputItem[], request: ResponseRequest): KeptResponse {
  const isStreamedAgain = request.background && request.stream
  return { response: teller.response(), input, textLengths: isStreamedAgain ? teller.textLengths() : null }
}
