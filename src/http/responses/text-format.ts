import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { JsonFormat } from '../../messages.ts'
import type { FindSchemaFault } from '../schema-faults.ts'

/** `strict` is taken and not needed: an answer is always held against its schema before it leaves. */
export const textFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    name: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[a-zA-Z0-9_-]+$/),
    description: z.string().nullish(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullish(),
  }),
])

export type TextFormat = z.output<typeof textFormat>

/** @throws {@link BadRequestError} where no answer could be held against the schema. */
export function toJsonFormat(format: TextFormat, findSchemaFault: FindSchemaFault): JsonFormat | undefined {
  if (format.type === 'text') return undefined
  if (format.type === 'json_object') return {}
  const { name, description, schema } = format
  const fault = findSchemaFault(schema)
  if (fault !== undefined) {
    throw new BadRequestError(`Invalid schema for response_format '${name}': ${fault}`, {
      param: 'text.format.schema',
      code: 'invalid_json_schema',
    })
  }
  return { name, schema, ...(description != null && { description }) }
}
