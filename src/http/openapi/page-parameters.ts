import { z } from 'zod'

/** Of a list; `what` its rows are. @param filters - what else its query takes. */
export const pageParameters = (what: string, filters: Readonly<Record<string, z.ZodType>> = {}) => ({
  query: z.object({
    limit: z.int().min(1).max(100).default(20).optional(),
    after: z
      .string()
      .optional()
      .meta({ description: `Id of the ${what} to go on from.` }),
    ...filters,
  }),
})
