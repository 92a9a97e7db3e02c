import { z } from 'zod'
import type { JsonFormat } from '../../messages.ts'
import { FormatSchema, toJsonFormat } from '../json-format.ts'
import type { FindSchemaFault } from '../schema-faults.ts'

export const textFormat = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text') }),
  z.object({ type: z.literal('json_object') }),
  z.object({ type: z.literal('json_schema'), ...FormatSchema.shape }),
])

export type TextFormat = z.output<typeof textFormat>

/** What `text.format` asks for; undefined is plain text. */
export function toAnswerFormat(format: TextFormat, findSchemaFault: FindSchemaFault): JsonFormat | undefined {
  if (format.type === 'text') return undefined
  if (format.type === 'json_object') return {}
  return toJsonFormat(format, findSchemaFault, { param: 'text.format.schema', code: 'invalid_json_schema' })
}
