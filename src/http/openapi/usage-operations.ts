import { z } from 'zod'
import type { ZodOpenApiOperationObject } from 'zod-openapi'
import { USAGE_GROUPS } from '../usage/usage-query.ts'
import { json, plainReply, STORE_ERRORS } from './operation-parts.ts'
import { USAGE, USAGE_BY_KEY, USAGE_CSV } from './usage-examples.ts'
import { Usage } from './usage-schemas.ts'

export const showUsage: ZodOpenApiOperationObject = {
  operationId: 'showUsage',
  tags: ['account'],
  summary: 'What you have used',
  description:
    'The runs that are yours, whoever has paid for them, or those charged to an org; the dearest first, days in their order. ' +
    'What is charged here is what the bill has, to the last digit. By tool, a run counts for each tool that it called, ' +
    'and for `tool: null`, which has its tokens and what its tools leave of the charge.',
  requestParams: {
    query: z.object({
      from: z.string().optional().meta({
        format: 'date',
        description: 'The first day (UTC); 29 days before the last where unset. At most 366 days.',
        example: '2026-01-01',
      }),
      to: z
        .string()
        .optional()
        .meta({ format: 'date', description: 'The last day; today where unset.', example: '2026-01-31' }),
      group_by: z
        .string()
        .default('day')
        .optional()
        .meta({
          description: `${USAGE_GROUPS.map((name) => `\`${name}\``).join(', ')}, several with commas between them, or \`none\`.`,
          example: 'day,model',
        }),
      org: z.string().optional().meta({
        description: 'Id or slug: what that org was charged for. Its members see their own, the others all.',
      }),
      format: z.enum(['json', 'csv']).optional().meta({ description: 'Counts more than the header `Accept`.' }),
    }),
  },
  responses: {
    200: plainReply('The sums.', {
      ...json(Usage, { daily: USAGE, keys: USAGE_BY_KEY }),
      'text/csv': { schema: z.string(), examples: { csv: { value: USAGE_CSV } } },
    }),
    ...STORE_ERRORS,
  },
}
