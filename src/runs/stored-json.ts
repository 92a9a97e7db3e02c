/**
 * JSON for the store. Block numbers are bigints in our words and JSON has none, so they are written as strings that begin
 * with a NUL; a string that begins with one gets another.
 */
export function toStoredJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'bigint') return `${NUL}n${item}`
    return typeof item === 'string' && item.startsWith(NUL) ? NUL + item : item
  })
}

/** The inverse of {@link toStoredJson}. */
export function fromStoredJson<Value>(text: string): Value {
  return JSON.parse(text, (_key, item: unknown) => {
    if (typeof item !== 'string' || !item.startsWith(NUL)) return item
    return item.startsWith(`${NUL}n`) ? BigInt(item.slice(2)) : item.slice(1)
  }) as Value
}

const NUL = '\u0000'
