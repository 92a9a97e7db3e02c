import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { JsonFormat } from '../../messages.ts'
import type { FindSchemaFault } from '../schema-faults.ts'
import { ToolName } from './client-tools.ts'

/** `strict` is taken and not needed: an answer is always held against its schema before it leaves. */
export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({
    type: z.literal('json_schema'),
    json_schema: z.object({
      name: ToolName,
      description: z.string().nullish(),
      schema: z.record(z.string(), z.unknown()),
      strict: z.boolean().nullish(),
    }),
  }),
])

/** @throws {@link BadRequestError} where no answer could be held against the schema. */
export function toJsonFormat(
  format: z.output<typeof ResponseFormat>,
  findSchemaFault: FindSchemaFault,
): JsonFormat | undefined {
  if (format.type === 'text') return undefined
  if (format.type === 'json_object') return {}
  const { name, description, schema } = format.json_schema
  const fault = findSchemaFault(schema)
  if (fault !== undefined) {
    throw new BadRequestError(`Invalid schema for response_format '${name}': ${fault}`, {
      param: 'response_format.json_schema.schema',
      code: 'invalid_value',
    })
  }
  return { name, schema, ...(description != null && { description }) }
}
