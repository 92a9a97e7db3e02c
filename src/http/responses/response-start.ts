import type { WireResponse } from './response-object.ts'
import type { ResponseRequest } from './response-request.ts'

/** A response before anything of it has happened; it repeats what was asked for. */
export function toResponseStart(
  { echo, params, ...request }: ResponseRequest,
  { id, model, createdMs }: { id: string; model: string; createdMs: number },
): WireResponse {
  return {
    id,
    object: 'response',
    created_at: Math.floor(createdMs / 1000),
    completed_at: null,
    status: request.background ? 'queued' : 'in_progress',
    background: request.background,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: params.maxTokens ?? null,
    max_tool_calls: echo.maxToolCalls,
    model,
    output: [],
    parallel_tool_calls: request.parallelToolCalls,
    previous_response_id: request.previousResponseId ?? null,
    prompt_cache_key: echo.promptCacheKey,
    reasoning: echo.reasoning,
    safety_identifier: echo.safetyIdentifier,
    service_tier: 'default',
    store: request.store,
    temperature: params.temperature ?? null,
    text: { format: echo.textFormat, verbosity: echo.verbosity },
    tool_choice: echo.toolChoice,
    tools: request.offered.wire,
    top_logprobs: 0,
    top_p: params.topP ?? null,
    truncation: echo.truncation,
    usage: null,
    metadata: echo.metadata,
    ...(echo.user !== undefined && { user: echo.user }),
  }
}
