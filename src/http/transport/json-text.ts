/** `JSON.stringify` for the wire: a bigint becomes a decimal string, as JSON numbers are exact only up to 2^53. */
export function toJsonText(value: unknown): string {
  return JSON.stringify(value, bigintToText)
}

export function bigintToText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value
}
