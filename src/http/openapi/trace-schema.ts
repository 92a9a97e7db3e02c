import { z } from 'zod'
import { count, unixSeconds } from './numbers.ts'

const hex = z.string().regex(/^0x[0-9a-f]*$/)

const Block = z
  .object({ chain: z.string(), chain_id: count, number: z.string(), hash: hex, timestamp: unixSeconds })
  .meta({ id: 'Block' })

/** What a reply tells of its run under the key `groundwire`. */
export const Trace = z
  .object({
    run_id: z.string(),
    backend: z.string(),
    steps: count,
    limit: z.string().nullable(),
    tool_calls: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        arguments: z.string(),
        ok: z.boolean(),
        summary: z.string(),
        duration_ms: z.number().min(0),
      }),
    ),
    blocks: z.array(Block),
    reorgs: z.array(Block),
    evidence: z.array(
      z.object({
        chain_id: count,
        method: z.string(),
        params: z.unknown(),
        block_number: z.string().nullable(),
        result_digest: z.string(),
      }),
    ),
  })
  .meta({ id: 'Trace', description: 'How the answer came about: tool calls, blocks and the reads behind each figure.' })
