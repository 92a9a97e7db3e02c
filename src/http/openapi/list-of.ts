import { z } from 'zod'

/** A page, as all lists have it. */
export const listOf = <Row extends z.ZodType>(row: Row) =>
  z.object({
    object: z.literal('list'),
    data: z.array(row),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  })
