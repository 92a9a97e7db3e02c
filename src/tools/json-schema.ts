import { z } from 'zod'
import type { JsonSchema } from '../messages.ts'

/**
 * What a model is told of a tool's input. Kept to what every backend understands: Ollama keeps only type, properties,
 * required, items, enum, description, anyOf and $defs, so a default and a format are also said in the description.
 * @throws what `z.toJSONSchema` throws where a type has no JSON form (bigint, date).
 */
export function toJsonSchema(input: z.ZodType): JsonSchema {
  const { $schema: _, ...schema } = z.toJSONSchema(input, {
    io: 'input',
    reused: 'inline',
    override: ({ zodSchema, jsonSchema }) => {
      keepDefault(zodSchema, jsonSchema)
      simplify(jsonSchema)
    },
  })
  return schema
}

type Node = z.core.JSONSchema.BaseSchema

/** zod drops the default of a field that transforms, since its form may differ; a plain value reads the same in both. */
function keepDefault({ _zod: { def } }: z.core.$ZodTypes, node: Node): void {
  if (def.type !== 'default' || node.default !== undefined) return
  const { defaultValue } = def
  if (typeof defaultValue === 'string' || typeof defaultValue === 'number') node.default = defaultValue
}

function simplify(node: Node): void {
  // zod writes the bounds of a safe integer into every `int`: noise to a model, and refused by some grammars.
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum
  // Nobody counts letters while writing; the input is checked when it comes.
  delete node.minLength
  delete node.maxLength
  if (node.oneOf !== undefined) {
    node.anyOf = node.oneOf
    delete node.oneOf
  }
  if (node.const !== undefined) {
    node.enum = [node.const as string]
    delete node.const
  }
  if (node.default !== undefined) {
    const text = typeof node.default === 'string' ? node.default : JSON.stringify(node.default)
    node.description = `${node.description === undefined ? '' : `${node.description}. `}Default: ${text}`
  }
}
