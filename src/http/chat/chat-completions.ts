import type { RequestHandler, Response } from 'express'
import type { ToolCall } from '../../messages.ts'
import type { RunOrder } from '../../runs/run.ts'
import { type AnswerPart, isHeldToEnd, readAnswer } from '../answer.ts'
import { callerOf } from '../auth.ts'
import { findModel } from '../find-model.ts'
import { renameParam } from '../rename-param.ts'
import { wantsServerTools, wantsTrace } from '../request-headers.ts'
import { announceRun, type RunRouteDeps } from '../run-route.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { createSseWriter } from '../transport/sse.ts'
import { toWireTrace } from '../wire-trace.ts'
import { type ReplyHead, toCallDeltas, toChunk, toCompletion, toUsageChunk } from './chat-reply.ts'
import { parseChatRequest } from './chat-request.ts'

/** `POST /v1/chat/completions`. */
export function chatCompletions(deps: RunRouteDeps): RequestHandler {
  const { models, serverToolNames, findSchemaFault, executeRun, newRunId, now, heartbeatMs } = deps
  return async (req, res) => {
    const { note } = res.locals
    const traceByHeader = wantsTrace(req)
    const context = { serverTools: wantsServerTools(req), serverToolNames, findSchemaFault }
    const request = parseChatRequest(req.body, context)
    const { metadata, hidden, includeUsage, trace, model: modelId, lengthField, ...asked } = request
    if (metadata) note.metadata = metadata
    if (hidden) note.hidden = true
    const { model } = findModel(models, modelId)
    const order: RunOrder = { ...asked, id: newRunId(), caller: callerOf(res), model }
    announceRun(res, order)

    const head = { id: order.id.replace(/^run_/, 'chatcmpl-'), created: Math.floor(now() / 1000), model: model.id }
    const reply = { head, trace: trace || traceByHeader }
    const signal = hangUpSignal(res)
    const answer = readAnswer(executeRun(order, signal), note)
    const streamed = { ...reply, includeUsage, opensEarly: !isHeldToEnd(order), signal, heartbeatMs }
    try {
      if (order.stream) await sendChunks(res, answer, streamed)
      else await sendCompletion(res, answer, reply)
    } catch (error) {
      throw renameParam(error, { max_tokens: lengthField })
    }
  }
}

type Reply = { head: ReplyHead; trace: boolean }

async function sendCompletion(res: Response, answer: AsyncIterable<AnswerPart>, { head, trace }: Reply): Promise<void> {
  let text = ''
  const toolCalls: ToolCall[] = []
  for await (const part of answer) {
    if (part.type === 'text') text += part.text
    if (part.type === 'client_call') toolCalls.push(part.call)
    if (part.type === 'completed') res.json(toCompletion(head, { text, toolCalls }, part.run, trace))
  }
}

type StreamedReply = Reply & {
  includeUsage: boolean
  /** The stream opens as soon as the model has been heard. */
  opensEarly: boolean
  signal: AbortSignal
  heartbeatMs: number
}

async function sendChunks(
  res: Response,
  answer: AsyncIterable<AnswerPart>,
  { head, trace, includeUsage, opensEarly, signal, heartbeatMs }: StreamedReply,
): Promise<void> {
  const opening = toChunk(head, { role: 'assistant', content: '' }, null, includeUsage)
  let calls = 0
  const sse = createSseWriter(res, { opening, heartbeatMs, signal })
  try {
    for await (const part of answer) {
      switch (part.type) {
        case 'working':
          if (opensEarly) await sse.open()
          break
        case 'text':
          await sse.send(toChunk(head, { content: part.text }, null, includeUsage))
          break
        case 'client_call':
          for (const delta of toCallDeltas(part.call, calls++)) {
            await sse.send(toChunk(head, delta, null, includeUsage))
          }
          break
        case 'completed':
          await sse.send({
            ...toChunk(head, {}, part.run.reason, includeUsage),
            ...(trace && { groundwire: toWireTrace(part.run.trace) }),
          })
          if (includeUsage) await sse.send(toUsageChunk(head, part.run.usage))
          sse.done()
          break
        default:
          part satisfies never
      }
    }
  } finally {
    sse.stop()
  }
}
