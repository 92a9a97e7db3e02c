import type { ZodOpenApiPathsObject } from 'zod-openapi'
import { createChatCompletion } from './chat-operations.ts'
import {
  showDocs,
  showDocsFile,
  showDocument,
  showHealth,
  showMetrics,
  showReadiness,
  showWelcome,
} from './gateway-operations.ts'
import { listModels, retrieveModel } from './model-operations.ts'
import {
  cancelResponse,
  createResponse,
  deleteResponse,
  listInputItems,
  responseId,
  retrieveResponse,
} from './response-operations.ts'
import { cancelRun, deleteRun, followRun, listRuns, retrieveRun, runId } from './run-operations.ts'

/** Every route, with what it takes and what it answers. */
export function toPaths(): ZodOpenApiPathsObject {
  return {
    '/v1/chat/completions': { post: createChatCompletion },
    '/v1/responses': { post: createResponse },
    '/v1/responses/{id}': { parameters: [responseId], get: retrieveResponse, delete: deleteResponse },
    '/v1/responses/{id}/cancel': { parameters: [responseId], post: cancelResponse },
    '/v1/responses/{id}/input_items': { parameters: [responseId], get: listInputItems },
    '/v1/runs': { get: listRuns },
    '/v1/runs/{id}': { parameters: [runId], get: retrieveRun, delete: deleteRun },
    '/v1/runs/{id}/events': { parameters: [runId], get: followRun },
    '/v1/runs/{id}/cancel': { parameters: [runId], post: cancelRun },
    '/v1/models': { get: listModels },
    '/v1/models/{id}': { get: retrieveModel },
    '/health': { get: showHealth },
    '/ready': { get: showReadiness },
    '/metrics': { get: showMetrics },
    '/': { get: showWelcome },
    '/openapi.json': { get: showDocument },
    '/docs': { get: showDocs },
    '/docs/{file}': { get: showDocsFile },
  }
}
