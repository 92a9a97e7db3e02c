import { z } from 'zod'
import { RUN_STATES } from '../../runs/run-record.ts'
import { ChatCompletion, Usage } from './chat-reply-schemas.ts'
import { listOf } from './list-of.ts'
import { count, unixSeconds } from './numbers.ts'
import { ResponseReply } from './response-reply-schemas.ts'

const runId = z.string().regex(/^run_[0-9a-z]{24}$/)

/** A row of `GET /v1/runs`. */
const RunRow = z.object({
  id: runId,
  object: z.literal('run'),
  status: z.enum(RUN_STATES),
  model: z.string().meta({ description: 'That was asked for; the `model` of the result is the one that answered.' }),
  created_at: unixSeconds,
  started_at: unixSeconds.nullable(),
  ended_at: unixSeconds.nullable(),
  expires_at: unixSeconds
    .nullable()
    .meta({ description: 'Unix time in seconds when it is given up; null once it has ended.' }),
  steps: count.meta({ description: 'Model calls that are done.' }),
  usage: Usage.nullable().meta({ description: 'Of the steps that are done; null before the first.' }),
  error: z
    .object({ message: z.string(), type: z.string(), param: z.string().nullable(), code: z.string().nullable() })
    .nullable(),
  metadata: z.record(z.string(), z.string()),
})

export const ListedRun = RunRow.meta({ id: 'ListedRun' })

export const Run = RunRow.extend({
  result: z
    .union([ChatCompletion, ResponseReply])
    .nullable()
    .meta({ description: 'What the route that took the run would have answered; null where there is no answer.' }),
}).meta({ id: 'Run' })

export const RunList = listOf(ListedRun).meta({ id: 'RunList' })

export const DeletedRun = z
  .object({ id: runId, object: z.literal('run'), deleted: z.literal(true) })
  .meta({ id: 'DeletedRun' })

const head = { sequence_number: z.int().min(1), run_id: runId, created_at: unixSeconds }

/** The `data:` of an event. */
export const RunEvent = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('run.queued'), ...head }),
    z.object({ type: z.literal('run.started'), ...head, attempt: z.int().min(1) }),
    z.object({ type: z.literal('run.step_finished'), ...head, step: z.int().min(1), usage: Usage }),
    z.object({
      type: z.literal('run.tool_finished'),
      ...head,
      step: z.int().min(1),
      call_id: z.string(),
      name: z.string(),
      ok: z.boolean(),
      summary: z.string(),
    }),
    z.object({ type: z.enum(['run.completed', 'run.failed', 'run.cancelled', 'run.expired']), ...head, run: Run }),
  ])
  .meta({ id: 'RunEvent' })

/** What a webhook is sent. */
export const WebhookEvent = z
  .object({
    id: z.string().regex(/^evt_/).meta({ description: 'The same however often it is sent.' }),
    object: z.literal('event'),
    created_at: unixSeconds,
    type: z.enum([
      'run.completed',
      'run.failed',
      'run.cancelled',
      'run.expired',
      'response.completed',
      'response.incomplete',
      'response.failed',
      'response.cancelled',
    ]),
    data: z.object({ id: z.string().meta({ description: 'Of the run, or of the response.' }) }),
  })
  .meta({ id: 'WebhookEvent' })
