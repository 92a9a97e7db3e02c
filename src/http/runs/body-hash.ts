import { hash } from 'node:crypto'

/**
 * SHA-256, in hex, of a route and the body it was sent, as parsed: the same for bodies that differ only in white space or the
 * order of their keys.
 */
export function bodyHash(route: string, body: unknown): string {
  return hash('sha256', `${route}\n${toCanonical(body)}`)
}

function toCanonical(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(toCanonical).join(',')}]`
  const fields = value as Record<string, unknown>
  const pairs = Object.keys(fields)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${toCanonical(fields[key])}`)
  return `{${pairs.join(',')}}`
}
