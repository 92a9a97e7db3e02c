import type { RequestHandler, Response } from 'express'
import type { Models } from '../../models/models.ts'
import type { ExecuteRun, RunOrder } from '../../runs/run.ts'
import { type AnswerPart, readAnswer } from '../answer.ts'
import { findModel } from '../find-model.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import { createSseWriter } from '../sse.ts'
import { type ReplyHead, toChunk, toCompletion, toUsageChunk, toWireTrace } from './chat-reply.ts'
import { parseChatRequest } from './chat-request.ts'

export type ChatCompletionsDeps = {
  models: Pick<Models, 'find'>
  executeRun: ExecuteRun
  newRunId: () => string
  now: () => number
  heartbeatMs: number
}

/** `POST /v1/chat/completions`. */
export function chatCompletions({
  models,
  executeRun,
  newRunId,
  now,
  heartbeatMs,
}: ChatCompletionsDeps): RequestHandler {
  return async (req, res) => {
    const { note } = res.locals
    const request = parseChatRequest(req.body)
    if (request.metadata) note.metadata = request.metadata
    const model = findModel(models, request.model)
    const { messages, params, stream, includeUsage } = request
    const order: RunOrder = {
      id: newRunId(),
      caller: note.caller ?? '',
      model,
      messages,
      params,
      stream,
      serverTools: true,
      clientTools: [],
      toolChoice: 'auto',
      parallelToolCalls: true,
      format: undefined,
    }
    const head = { id: order.id.replace(/^run_/, 'chatcmpl-'), created: Math.floor(now() / 1000), model: model.id }
    const trace = request.trace || /^(1|true)$/i.test(req.get('x-groundwire-trace') ?? '')
    note.model = model.id
    note.runId = order.id
    res.setHeader('x-groundwire-run-id', order.id)

    const signal = hangUpSignal(res)
    const answer = readAnswer(executeRun(order, signal), note)
    if (stream) await sendChunks(res, answer, { head, trace, includeUsage, signal, heartbeatMs })
    else await sendCompletion(res, answer, { head, trace })
  }
}

type Reply = { head: ReplyHead; trace: boolean }

async function sendCompletion(res: Response, answer: AsyncIterable<AnswerPart>, { head, trace }: Reply): Promise<void> {
  let content = ''
  for await (const part of answer) {
    if (part.type === 'text') content += part.text
    if (part.type === 'completed') res.json(toCompletion(head, content, part.run, trace))
  }
}

type StreamedReply = Reply & { includeUsage: boolean; signal: AbortSignal; heartbeatMs: number }

async function sendChunks(
  res: Response,
  answer: AsyncIterable<AnswerPart>,
  { head, trace, includeUsage, signal, heartbeatMs }: StreamedReply,
): Promise<void> {
  const opening = toChunk(head, { role: 'assistant', content: '' }, null, includeUsage)
  const sse = createSseWriter(res, { opening, heartbeatMs, signal })
  try {
    for await (const part of answer) {
      switch (part.type) {
        case 'working':
          await sse.open()
          break
        case 'text':
          await sse.send(toChunk(head, { content: part.text }, null, includeUsage))
          break
        case 'client_call':
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
