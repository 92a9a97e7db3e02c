import type { RequestHandler, Response } from 'express'
import { BadRequestError } from '../../errors.ts'
import { type AnswerPart, isHeldToEnd, readAnswer } from '../answer.ts'
import { identityOf } from '../auth.ts'
import { findModel } from '../find-model.ts'
import { renameParam } from '../rename-param.ts'
import { wantsHeartbeat, wantsServerTools, wantsTrace } from '../request-headers.ts'
import { requireStream } from '../require-stream.ts'
import { announceRun, type RunRouteDeps } from '../run-route.ts'
import { toWireRun } from '../runs/wire-run.ts'
import { hangUpSignal } from '../transport/hang-up-signal.ts'
import { sendJson, startJsonHeartbeat } from '../transport/json-heartbeat.ts'
import { createSseWriter } from '../transport/sse.ts'
import { toWireTrace } from '../wire-trace.ts'
import { type ChatEnvelope, toReplyHead } from './chat-envelope.ts'
import { type ReplyHead, toCallDeltas, toChunk, toUsageChunk } from './chat-reply.ts'
import { parseChatRequest } from './chat-request.ts'
import { gatherCompletion } from './gather-completion.ts'

/** `POST /v1/chat/completions`. */
export function chatCompletions(deps: RunRouteDeps): RequestHandler {
  const { models, serverToolNames, findSchemaFault, openRun, newRunId, egressAllow, heartbeatMs } = deps
  return async (req, res) => {
    const { note } = res.locals
    const traceByHeader = wantsTrace(req)
    const heartbeat = wantsHeartbeat(req)
    const context = { serverTools: wantsServerTools(req), serverToolNames, findSchemaFault, egressAllow }
    const request = parseChatRequest(req.body, context)
    const {
      metadata,
      hidden,
      includeUsage,
      trace,
      model: modelId,
      lengthField,
      background,
      webhook,
      ...order
    } = request
    if (metadata) note.metadata = metadata
    if (hidden) note.hidden = true
    const listing = findModel(models, modelId, identityOf(res))
    if (order.stream && background) {
      throw new BadRequestError(
        'A run in the background cannot be streamed here. Follow it with GET /v1/runs/{id}/events.',
        { param: 'stream', code: 'unsupported_value' },
      )
    }
    if (order.stream) requireStream(listing)
    const id = newRunId()
    const opened = await openRun(req, res, {
      id,
      order: { ...order, serverTools: order.serverTools && listing.canCallTools !== false },
      modelId,
      listing,
      background,
      webhook,
      toEnvelope: (createdMs): ChatEnvelope => ({
        api: 'chat',
        head: toReplyHead(id, createdMs, listing.model.id),
        trace: trace || traceByHeader,
        ...(metadata && { metadata }),
      }),
    })
    announceRun(res, { id: opened.id, model: listing.model.id })
    if (background && opened.run !== undefined) {
      res.status(202).setHeader('location', `/v1/runs/${opened.id}`)
      res.json(await toWireRun(opened.run))
      return
    }

    const signal = hangUpSignal(res)
    const answer = readAnswer(opened.events(signal), note)
    const reply = opened.envelope
    // Failures of a run that takes minutes seldom come at once, and its caller wants to see that it is taken.
    const openAfterMs = opened.run === undefined ? undefined : QUEUED_OPEN_MS
    const streamed = { ...reply, includeUsage, opensEarly: !isHeldToEnd(order), openAfterMs, signal, heartbeatMs }
    try {
      if (order.stream) await sendChunks(res, answer, streamed)
      else await sendCompletion(res, answer, { ...reply, heartbeatMs: heartbeat ? heartbeatMs : undefined })
    } catch (error) {
      throw renameParam(error, { max_tokens: lengthField })
    }
  }
}

const QUEUED_OPEN_MS = 2_000

type Reply = { head: ReplyHead; trace: boolean }

async function sendCompletion(
  res: Response,
  answer: AsyncIterable<AnswerPart>,
  { heartbeatMs, ...reply }: Reply & { heartbeatMs: number | undefined },
): Promise<void> {
  const heart = heartbeatMs === undefined ? undefined : startJsonHeartbeat(res, heartbeatMs)
  try {
    sendJson(res, await gatherCompletion(answer, reply))
  } finally {
    heart?.stop()
  }
}

type StreamedReply = Reply & {
  includeUsage: boolean
  /** The stream opens as soon as the model has been heard. */
  opensEarly: boolean
  openAfterMs: number | undefined
  signal: AbortSignal
  heartbeatMs: number
}

async function sendChunks(
  res: Response,
  answer: AsyncIterable<AnswerPart>,
  { head, trace, includeUsage, opensEarly, openAfterMs, signal, heartbeatMs }: StreamedReply,
): Promise<void> {
  const opening = toChunk(head, { role: 'assistant', content: '' }, null, includeUsage)
  let calls = 0
  const sse = createSseWriter(res, { opening, heartbeatMs, openAfterMs, signal })
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
