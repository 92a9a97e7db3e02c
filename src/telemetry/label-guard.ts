/** Lets `limit` different values through; what comes after them is `other`, so that callers cannot make series without end. */
export function createLabelGuard(limit: number): (value: string) => string {
  const known = new Set<string>()
  return (value) => {
    if (known.has(value)) return value
    if (known.size >= limit || value.length > MAX_LENGTH) return OTHER
    known.add(value)
    return value
  }
}

export const OTHER = 'other'

const MAX_LENGTH = 128
