import { z } from 'zod'
import { BadRequestError } from '../errors.ts'
import type { JsonFormat } from '../messages.ts'
import type { FindSchemaFault } from './schema-faults.ts'
import { ToolName } from './tool-name.ts'

/** A schema as a caller declares it. `strict` is taken and not needed: an answer is always held against its schema. */
export const FormatSchema = z.object({
  name: ToolName,
  description: z.string().nullish(),
  schema: z.record(z.string(), z.unknown()),
  strict: z.boolean().nullish(),
})

/** @throws {@link BadRequestError} with these words where no answer could be held against the schema. */
export function toJsonFormat(
  { name, description, schema }: z.output<typeof FormatSchema>,
  findSchemaFault: FindSchemaFault,
  wrong: { param: string; code: string },
): JsonFormat {
  const fault = findSchemaFault(schema)
  if (fault !== undefined) throw new BadRequestError(`Invalid schema for response_format '${name}': ${fault}`, wrong)
  return { name, schema, ...(description != null && { description }) }
}
