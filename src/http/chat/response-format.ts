import { z } from 'zod'
import type { JsonFormat } from '../../messages.ts'
import { FormatSchema, toJsonFormat } from '../json-format.ts'
import type { FindSchemaFault } from '../schema-faults.ts'

export const ResponseFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), json_schema: FormatSchema }),
])

/** What `response_format` asks for; undefined is plain text. */
export function toAnswerFormat(
  format: z.output<typeof ResponseFormat>,
  findSchemaFault: FindSchemaFault,
): JsonFormat | undefined {
  if (format.type === 'text') return undefined
  if (format.type === 'json_object') return {}
  const wrong = { param: 'response_format.json_schema.schema', code: 'invalid_value' }
  return toJsonFormat(format.json_schema, findSchemaFault, wrong)
}
