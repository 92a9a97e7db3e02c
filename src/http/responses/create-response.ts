import type { RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { Models } from '../../models/models.ts'
import type { Keep } from '../../runs/keep.ts'
import type { ExecuteRun, RunOrder } from '../../runs/run.ts'
import { isHiddenCall } from '../chat/hidden-call.ts'
import { wantsServerTools } from '../chat/tools-header.ts'
import { findModel } from '../find-model.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import { createSchemaFaults } from '../schema-faults.ts'
import type { BackgroundRuns } from './background-runs.ts'
import { type InputItem, parseInput } from './input-items.ts'
import { createItemFinder, getConversation } from './kept-responses.ts'
import { createResponseTeller, type ResponseTeller } from './response-events.ts'
import { type KeptResponse, toResponseId } from './response-object.ts'
import { parseResponseRequest, type ResponseRequest } from './response-request.ts'
import { toResponseStart } from './response-start.ts'
import { runInBackground } from './run-in-background.ts'
import { sendEvents } from './send-events.ts'
import { tellRun } from './tell-run.ts'
import { toMessages } from './to-messages.ts'

export type CreateResponseDeps = {
  models: Pick<Models, 'find'>
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  executeRun: ExecuteRun
  keep: Keep<KeptResponse>
  background: BackgroundRuns
  log: Logger
  newRunId: () => string
  now: () => number
  heartbeatMs: number
}

/** `POST /v1/responses`. */
export function createResponse(deps: CreateResponseDeps): RequestHandler {
  const { models, serverToolNames, executeRun, keep, newRunId, now, heartbeatMs } = deps
  const findSchemaFault = createSchemaFaults()
  return async (req, res) => {
    const { note } = res.locals
    const caller = note.caller ?? ''
    const serverTools = wantsServerTools(req.get('x-groundwire-tools'))
    const takenNames = serverTools ? serverToolNames : []
    const request = parseResponseRequest(req.body, { takenNames, findSchemaFault })
    if (Object.keys(request.echo.metadata).length > 0) note.metadata = request.echo.metadata
    const model = findModel(models, request.model)
    const runId = newRunId()
    const responseId = toResponseId(runId)

    const earlier = await getConversation(keep, caller, request.previousResponseId)
    const findItem = createItemFinder(keep, caller, earlier)
    const input = [...earlier, ...(await parseInput(request.input, { responseId, findItem }))]
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
    note.model = model.id
    note.runId = runId
    if (hidden) note.hidden = true
    res.setHeader('x-groundwire-run-id', runId)
    const { leftOut } = request.offered
    if (leftOut.length > 0) res.setHeader('x-groundwire-tools-left-out', leftOut.join(', '))

    const teller = createResponseTeller({
      start: toResponseStart(request, { id: responseId, model: model.id, createdMs: now() }),
      callers: request.offered.callers,
      trace: request.trace || /^(1|true)$/i.test(req.get('x-groundwire-trace') ?? ''),
      now,
    })
    const keepIt = async () => {
      if (request.store) await keep.set(caller, responseId, toKept(teller, input, request))
    }
    const signal = hangUpSignal(res)
    if (request.background) {
      const run = runInBackground(deps, { order, teller, keepIt, input })
      if (request.stream) await sendEvents(res, run.follow(-1, signal), { signal, heartbeatMs })
      else res.json(run.response())
      return
    }
    const events = tellRun(executeRun, { order, teller, keepIt, note }, signal)
    if (request.stream) {
      await sendEvents(res, events, { signal, heartbeatMs, fail: teller.fail })
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
