import type { JsonFormat, JsonSchema } from '../../messages.ts'

/**
 * The answer as the JSON that was asked for: in the one field that takes any text. Where the schema asks for more it stays
 * text, as a value would have to be invented.
 */
export function toJsonAnswer(answer: string, { schema }: JsonFormat): string {
  const field = schema === undefined ? 'answer' : textFieldOf(schema)
  return field === undefined ? answer : JSON.stringify({ [field]: answer })
}

function textFieldOf({ properties, required = [] }: JsonSchema): string | undefined {
  if (!isObject(properties) || !Array.isArray(required)) return undefined
  const names = required.length > 0 ? required : Object.keys(properties)
  const [name] = names
  return names.length === 1 && typeof name === 'string' && takesAnyText(properties[name]) ? name : undefined
}

function takesAnyText(schema: unknown): boolean {
  if (!isObject(schema) || CONSTRAINTS.some((keyword) => keyword in schema)) return false
  return schema.type === 'string' || (Array.isArray(schema.type) && schema.type.includes('string'))
}

const CONSTRAINTS = ['enum', 'const', 'format', 'pattern', 'anyOf', 'oneOf', 'allOf', 'not', '$ref']

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
