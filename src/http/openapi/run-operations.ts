import { z } from 'zod'
import type { ZodOpenApiOperationObject, ZodOpenApiPathItemObject } from 'zod-openapi'
import { RUN_STATES } from '../../runs/run-record.ts'
import { errorReplies } from './error-replies.ts'
import { eventStream, header, json, plainReply, runHeaders, STORE_ERRORS } from './operation-parts.ts'
import { pageParameters } from './page-parameters.ts'
import { pathParameter } from './path-parameter.ts'
import { CANCELLED_RUN, QUEUED_RUN, RUN, RUN_EVENTS, RUN_LIST, WEBHOOK_EVENT } from './run-examples.ts'
import { DeletedRun, Run, RunEvent, RunList, WebhookEvent } from './run-schemas.ts'

export const runId = pathParameter('id', 'Id of a run of the same caller.', RUN.id)

export const listRuns: ZodOpenApiOperationObject = {
  operationId: 'listRuns',
  tags: ['runs'],
  summary: 'Your runs',
  description: 'The latest first, without their results.',
  requestParams: pageParameters('run', { status: z.enum(RUN_STATES).optional() }),
  responses: { 200: plainReply('A page of them.', json(RunList, { runs: RUN_LIST })), ...STORE_ERRORS },
}

export const retrieveRun: ZodOpenApiOperationObject = {
  operationId: 'retrieveRun',
  tags: ['runs'],
  summary: 'A run as it stands',
  description: 'It can be asked for until a day after its end, if the operator has set nothing else.',
  responses: {
    200: { description: 'The run.', headers: runHeaders, content: json(Run, { done: RUN, waiting: QUEUED_RUN }) },
    ...STORE_ERRORS,
  },
}

export const deleteRun: ZodOpenApiOperationObject = {
  operationId: 'deleteRun',
  tags: ['runs'],
  summary: 'Forget a run that has ended',
  responses: {
    200: plainReply('It is gone.', json(DeletedRun, { gone: { id: RUN.id, object: 'run', deleted: true } })),
    ...STORE_ERRORS,
    ...errorReplies(409),
  },
}

export const cancelRun: ZodOpenApiOperationObject = {
  operationId: 'cancelRun',
  tags: ['runs'],
  summary: 'Stop a run',
  description: 'For good, wherever it is worked on. A run that has ended stays as it is.',
  responses: {
    200: { description: 'The run as it ended.', headers: runHeaders, content: json(Run, { cancelled: CANCELLED_RUN }) },
    ...STORE_ERRORS,
  },
}

export const followRun: ZodOpenApiOperationObject = {
  operationId: 'followRun',
  tags: ['runs'],
  summary: 'What happens to a run',
  description:
    'Server-sent events from the start, or after the one that was seen last, to the end of the run. Each has an `id:` line with its `sequence_number` and an `event:` line with its `type`; comments break a silence. The last event holds the run.',
  requestParams: {
    query: z.object({
      starting_after: z.int().min(0).optional().meta({ description: 'The `sequence_number` of the last event seen.' }),
    }),
    header: z.object({
      'last-event-id': z.int().min(0).optional().meta({ description: 'The same, and it counts where both come.' }),
    }),
  },
  responses: {
    200: { description: 'The events.', headers: runHeaders, content: eventStream(RunEvent, RUN_EVENTS) },
    204: {
      description: 'The run has ended, and all has been told. It also stops an `EventSource`.',
      headers: { 'x-request-id': header('x-request-id') },
    },
    ...STORE_ERRORS,
  },
}

/** What the gateway sends to who has asked for it. */
export const runEnded: ZodOpenApiPathItemObject = {
  post: {
    operationId: 'runEnded',
    tags: ['runs'],
    summary: 'A run in the background has ended',
    description:
      'Sent to `groundwire.webhook.url` of the request, at least once, signed with its `secret` as [Standard Webhooks](https://www.standardwebhooks.com) say. Any 2xx will do; what else comes back is tried again, 410 excepted.',
    security: [],
    requestParams: {
      header: z.object({
        'webhook-id': z.string().meta({ description: 'The `id` of the event.' }),
        'webhook-timestamp': z.string().meta({ description: 'Unix time in seconds of this try.' }),
        'webhook-signature': z.string().meta({ description: '`v1,` and the HMAC-SHA256 in base64.' }),
      }),
    },
    requestBody: { required: true, content: json(WebhookEvent, { completed: WEBHOOK_EVENT }) },
    responses: { 200: { description: 'It is taken.' } },
  },
}
