/** A part of a path: `{id}` of `/v1/runs/{id}`. */
export function pathParameter(name: string, description: string, example: string) {
  return { name, in: 'path', required: true, description, schema: { type: 'string' }, example } as const
}
