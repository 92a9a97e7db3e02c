/** `2026-01-31T12:00:00Z` */
export function toIso(unixSec: number): string {
  return new Date(unixSec * 1000).toISOString().replace('.000Z', 'Z')
}

/** `40 s`, `12 min`, `1 h 12 min`, `3 days`. */
export function toAge(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 2 * 86_400) return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`
  return `${Math.floor(seconds / 86_400)} days`
}
