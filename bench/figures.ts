/** A row of the README's table: what was measured, the figure, and what it is to be seen beside. */
export type Row = readonly [figure: string, measured: string, beside: string]

export const toMs = (ms: number) => `${ms.toFixed(2)} ms`
export const times = (factor: number) => `${factor.toFixed(1)} ×`

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** `share` is between 0 and 1. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
}
