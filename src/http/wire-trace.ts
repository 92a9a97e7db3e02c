import type { RunTrace } from '../runs/run.ts'

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
      block_number: read.blockNumber?.toString() ?? null,
      result_digest: read.resultDigest,
    })),
  }
}

function toWireBlock({ chain, chainId, number, hash, timestampSec }: RunTrace['blocks'][number]) {
  return { chain, chain_id: chainId, number: number.toString(), hash, timestamp: timestampSec }
}
