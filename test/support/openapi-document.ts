import { findMismatch } from '../../src/check-json.ts'
import { createOpenApiDocument } from '../../src/http/openapi/document.ts'
import type { JsonSchema } from '../../src/messages.ts'

export type Operation = {
  operationId: string
  tags: readonly string[]
  parameters?: object[]
  requestBody?: { content: Content }
  responses: Record<string, { content?: Content; $ref?: string }>
}
type Content = Record<string, { schema: JsonSchema; examples?: Record<string, { value: unknown }> }>
type Document = {
  openapi: string
  paths: Record<string, Record<string, Operation>>
  components: Record<string, Record<string, object>>
}

export const DOCUMENT = createOpenApiDocument() as Document

const METHODS = ['get', 'post', 'put', 'patch', 'delete']

export const operations = Object.entries(DOCUMENT.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => METHODS.includes(method))
    .map(([method, operation]) => ({ path, method, operation })),
)

/** What the document shows as a body of the request, by name. */
export function requestExamples({ requestBody }: Operation): (readonly [name: string, body: unknown])[] {
  const examples = requestBody?.content['application/json']?.examples ?? {}
  return Object.entries(examples).map(([name, { value }]) => [name, value] as const)
}

export function complaintAbout(schema: JsonSchema, value: unknown): string | undefined {
  return findMismatch({ ...schema, components: { schemas: Object.fromEntries(schemasWithin(schema)) } }, value)
}

/** What `schema` refers to, and what that does: to judge by the whole document would take a tenth of a second each time. */
function schemasWithin(schema: object, known = new Map<string, object>()): Map<string, object> {
  for (const [, name = ''] of JSON.stringify(schema).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    const found = DOCUMENT.components.schemas?.[name]
    if (found === undefined || known.has(name)) continue
    known.set(name, found)
    schemasWithin(found, known)
  }
  return known
}

export function documentedSchema(path: string, method: string, status: number, type = 'application/json'): JsonSchema {
  const reply = DOCUMENT.paths[path]?.[method]?.responses[status]
  const resolved = reply?.$ref === undefined ? reply : DOCUMENT.components.responses?.[status]
  const schema = (resolved as { content?: Content } | undefined)?.content?.[type]?.schema
  if (schema === undefined) throw new Error(`nothing is said of ${method} ${path} ${status}`)
  return schema
}
