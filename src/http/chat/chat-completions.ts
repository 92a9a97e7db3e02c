import type { RequestHandler, Response } from 'express'
import type { ToolCall } from '../../messages.ts'
import type { Models } from '../../models/models.ts'
import type { ExecuteRun, RunOrder } from '../../runs/run.ts'
import { type AnswerPart, readAnswer } from '../answer.ts'
import { findModel } from '../find-model.ts'
import { hangUpSignal } from '../hang-up-signal.ts'
import { createSchemaFaults } from '../schema-faults.ts'
import { createSseWriter } from '../sse.ts'
import { type ReplyHead, toCallDeltas, toChunk, toCompletion, toUsageChunk, toWireTrace } from './chat-reply.ts'
import { parseChatRequest } from './chat-request.ts'
import { wantsServerTools } from './tools-header.ts'

export type ChatCompletionsDeps = {
  models: Pick<Models, 'find'>
  /** Names no tool of a caller may take. */
  serverToolNames: readonly string[]
  executeRun: ExecuteRun
  newRunId: () => string
  now: () => number
  heartbeatMs: number
}

/** `POST /v1/chat/completions`. */
export function chatCompletions({
  models,
  serverToolNames,
  executeRun,
  newRunId,
  now,
  heartbeatMs,
}: ChatCompletionsDeps): RequestHandler {
  const findSchemaFault = createSchemaFaults()
  return async (req, res) => {
    const { note } = res.locals
    const serverTools = wantsServerTools(req.get('x-groundwire-tools'))
    const request = parseChatRequest(req.body, { serverTools, serverToolNames, findSchemaFault })
    const { metadata, hidden, includeUsage, model: modelId, trace: traceAsked, ...rest } = request
    if (metadata) note.metadata = metadata
    if (hidden) note.hidden = true
    const model = findModel(models, modelId)
    const order: RunOrder = { ...rest, id: newRunId(), caller: note.caller ?? '', model }
    const head = { id: order.id.replace(/^run_/, 'chatcmpl-'), created: Math.floor(now() / 1000), model: model.id }
    const trace = traceAsked || /^(1|true)$/i.test(req.get('x-groundwire-trace') ?? '')
    note.model = model.id
    note.runId = order.id
    res.setHeader('x-groundwire-run-id', order.id)

    const signal = hangUpSignal(res)
    const answer = readAnswer(executeRun(order, signal), note)
    if (order.stream) await sendChunks(res, answer, { head, trace, includeUsage, signal, heartbeatMs })
    else await sendCompletion(res, answer, { head, trace })
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

type StreamedReply = Reply & { includeUsage: boolean; signal: AbortSignal; heartbeatMs: number }

async function sendChunks(
  res: Response,
  answer: AsyncIterable<AnswerPart>,
  { head, trace, includeUsage, signal, heartbeatMs }: StreamedReply,
): Promise<void> {
  const opening = toChunk(head, { role: 'assistant', content: '' }, null, includeUsage)
  let calls = 0
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
