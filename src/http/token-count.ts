/** A count as the wire has it: strict clients fail on anything but a whole number, and backends have sent worse. */
export function toTokenCount(tokens: number): number {
  return Number.isFinite(tokens) ? Math.max(0, Math.round(tokens)) : 0
}
