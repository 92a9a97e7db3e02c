import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { errorReplies } from './error-replies.ts'
import { READY } from './examples.ts'
import { json, PLAIN_ERRORS, plainReply } from './operation-parts.ts'
import { Health, ReadyReply, Welcome } from './plain-reply-schemas.ts'

export const showHealth: ZodOpenApiOperationObject = {
  operationId: 'showHealth',
  tags: ['gateway'],
  summary: 'Whether the process lives',
  security: [],
  responses: {
    200: plainReply('It does.', json(Health, { alive: { status: 'ok' } })),
    ...PLAIN_ERRORS,
  },
}

export const showReadiness: ZodOpenApiOperationObject = {
  operationId: 'showReadiness',
  tags: ['gateway'],
  summary: 'Whether a question would be answered now',
  security: [],
  responses: {
    200: plainReply('It would.', json(ReadyReply, { ready: { status: 'ready', models: [], chains: [], runs: [] } })),
    503: plainReply('It would not.', json(ReadyReply, { not_ready: READY })),
    ...PLAIN_ERRORS,
  },
}

export const showMetrics: ZodOpenApiOperationObject = {
  operationId: 'showMetrics',
  tags: ['gateway'],
  summary: 'Figures for Prometheus',
  description: 'Of all callers together; none is named.',
  security: [],
  responses: {
    200: plainReply("Prometheus' text format.", { 'text/plain': { schema: { type: 'string' } } }),
    ...PLAIN_ERRORS,
  },
}

export const showWelcome: ZodOpenApiOperationObject = {
  operationId: 'showWelcome',
  tags: ['gateway'],
  summary: 'What this is',
  security: [],
  responses: {
    200: plainReply('A list of routes.', json(Welcome)),
    ...PLAIN_ERRORS,
  },
}

export const showDocument: ZodOpenApiOperationObject = {
  operationId: 'showDocument',
  tags: ['gateway'],
  summary: 'This document',
  security: [],
  responses: {
    200: plainReply('OpenAPI 3.1.', json(z.looseObject({ openapi: z.string() }))),
    ...PLAIN_ERRORS,
  },
}

const html = { 'text/html': { schema: { type: 'string' as const } } }

export const showDocs: ZodOpenApiOperationObject = {
  operationId: 'showDocs',
  tags: ['gateway'],
  summary: 'This document as a page',
  security: [],
  responses: { 200: plainReply('The page.', html), ...PLAIN_ERRORS },
}

export const showDocsFile: ZodOpenApiOperationObject = {
  operationId: 'showDocsFile',
  tags: ['gateway'],
  summary: 'What the page needs',
  security: [],
  requestParams: { path: z.object({ file: z.string().meta({ example: 'swagger-ui.css' }) }) },
  responses: {
    200: plainReply('A script, a style sheet or an icon.', { '*/*': { schema: { type: 'string' } } }),
    ...errorReplies(400, 404, 405, 408, 431, 500),
  },
}
