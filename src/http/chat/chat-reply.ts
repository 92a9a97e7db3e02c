import type { FinishReason, Usage } from '../../messages.ts'
import type { RunCompleted, RunTrace } from '../../runs/run.ts'

/** What a whole reply and every chunk of a stream have in common. */
export type ReplyHead = { id: string; created: number; model: string }

/** `chat.completion`. */
export function toCompletion(head: ReplyHead, content: string, run: RunCompleted, trace: boolean) {
  return {
    id: head.id,
    object: 'chat.completion',
    created: head.created,
    model: head.model,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: run.reason satisfies FinishReason,
      },
    ],
    usage: toWireUsage(run.usage),
    system_fingerprint: null,
    ...(trace && { groundwire: toWireTrace(run.trace) }),
  }
}

type Delta = { role?: 'assistant'; content?: string }

/** `chat.completion.chunk`. A stream that ends with usage has `usage: null` in every chunk before. */
export function toChunk(head: ReplyHead, delta: Delta, finishReason: FinishReason | null, includeUsage: boolean) {
  return {
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    choices: [{ index: 0, delta, finish_reason: finishReason }],
    ...(includeUsage && { usage: null }),
  }
}

/** The chunk after the finish, for a caller who asked for `include_usage`. */
export function toUsageChunk(head: ReplyHead, usage: Usage) {
  return {
    id: head.id,
    object: 'chat.completion.chunk',
    created: head.created,
    model: head.model,
    choices: [],
    usage: toWireUsage(usage),
  }
}

/** The sum of all steps: `prompt_tokens` may exceed the prompt the caller sees. */
function toWireUsage(usage: Usage) {
  const promptTokens = toCount(usage.promptTokens)
  const completionTokens = toCount(usage.completionTokens)
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    ...(usage.cachedTokens !== undefined && { prompt_tokens_details: { cached_tokens: toCount(usage.cachedTokens) } }),
    ...(usage.reasoningTokens !== undefined && {
      completion_tokens_details: { reasoning_tokens: toCount(usage.reasoningTokens) },
    }),
  }
}

// Strict clients fail on anything but a whole number, and backends have sent worse.
const toCount = (tokens: number) => (Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0)

/** How the answer came about, under the one key `groundwire`. */
export function toWireTrace(trace: RunTrace) {
  return {
    run_id: trace.runId,
    backend: trace.backend,
    steps: trace.steps,
    limit: trace.limit,
    tool_calls: trace.toolCalls.map(({ call, ok, summary, durationMs }) => ({
      id: call.id,
      name: call.name,
      arguments: call.argumentsText,
      ok,
      summary,
      duration_ms: durationMs,
    })),
    blocks: trace.blocks.map(toWireBlock),
    reorgs: trace.reorgs.map(toWireBlock),
    evidence: trace.evidence.map((read) => ({
      chain_id: read.chainId,
      method: read.method,
      params: read.params,
      block_number: read.blockNumber,
      result_digest: read.resultDigest,
    })),
  }
}

function toWireBlock({ chain, chainId, number, hash, timestampSec }: RunTrace['blocks'][number]) {
  return { chain, chain_id: chainId, number, hash, timestamp: timestampSec }
}
