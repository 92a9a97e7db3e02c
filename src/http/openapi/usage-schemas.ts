import { z } from 'zod'
import { USAGE_GROUPS } from '../usage/usage-query.ts'
import { count, credits } from './numbers.ts'

const sum = {
  runs: count,
  prompt_tokens: count,
  cached_tokens: count.meta({ description: 'Of these.' }),
  completion_tokens: count,
  tool_calls: count.meta({ description: "Of the gateway's own tools." }),
  charged: credits,
  written_off: credits.meta({ description: 'Cost, and not charged.' }),
  estimated_runs: count.meta({ description: 'Of which some tokens are our estimate, as a step was broken off.' }),
}
const day = z.string().meta({ format: 'date', description: 'In UTC.' })

export const Usage = z
  .object({
    object: z.literal('usage'),
    from: day,
    to: day.meta({ ...day.meta(), description: 'The last day, in UTC.' }),
    group_by: z.array(z.enum(USAGE_GROUPS)),
    org_id: z.string().nullable(),
    total: z.object(sum),
    data: z.array(
      z.object({
        day: day.optional(),
        model: z.string().optional(),
        tool: z
          .string()
          .nullable()
          .optional()
          .meta({ description: "Null: what is no tool's, the tokens and the price of the runs themselves." }),
        key_id: z
          .string()
          .nullable()
          .optional()
          .meta({ description: 'Null: by a signed-in wallet, or no key of ours.' }),
        key_name: z.string().nullable().optional(),
        member: z.string().optional().meta({ description: 'Whose runs they are.' }),
        ...sum,
      }),
    ),
  })
  .meta({ id: 'UsageSums' })
