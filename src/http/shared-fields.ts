import { z } from 'zod'
import { integer } from './integer.ts'
import { notSupported } from './parse-request.ts'
import { WebhookField } from './runs/webhook-field.ts'

const text = z.string().nullish()

export const MetadataPairs = z.record(z.string().max(64), z.string().max(512))

/**
 * The fields of a request that both APIs know. `null` means unset for every optional field; many clients send it. Lists are
 * checked for length, then for what they hold, so that a megabyte of wrong elements makes one complaint and not a million.
 */
export const SHARED_FIELDS = {
  model: text,
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_logprobs: integer(0, 20)
    .refine((count) => count === 0, notSupported('top_logprobs'))
    .nullish(),
  tools: z.array(z.unknown()).max(128).nullish(),
  tool_choice: z.union([z.string(), z.looseObject({})], { error: 'one of a string or an object' }).nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  metadata: z
    .record(z.string(), z.unknown())
    .refine((pairs) => Object.keys(pairs).length <= 16, {
      error: "Invalid 'metadata': too many properties. Expected an object with at most 16 properties.",
    })
    .pipe(MetadataPairs)
    .nullish(),
  user: text,
  safety_identifier: z.string().max(64).nullish(),
  prompt_cache_key: text,
  store: z.boolean().nullish(),
  groundwire: z.object({ trace: z.boolean().nullish(), webhook: WebhookField.nullish() }).nullish(),
}
