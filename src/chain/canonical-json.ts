/** JSON with sorted keys and hex in lower case: the same text for the same params or result, whoever wrote it. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner === 'string') return /^0x[0-9a-f]*$/i.test(inner) ? inner.toLowerCase() : inner
    if (typeof inner === 'bigint') return `0x${inner.toString(16)}`
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
  })
}
