import type { Usage } from '../messages.ts'

/** Micro-credits; those of tokens per million of them. */
export type Rates = {
  promptPerMillion: bigint
  completionPerMillion: bigint
  /** Of prompt tokens that the backend had cached. Default: `promptPerMillion`. */
  cachedPerMillion?: bigint
  perRun?: bigint
}

/** What a run is charged by: fixed when it begins. */
export type Terms = { rates: Rates; toolPrices: Readonly<Record<string, bigint>> }

/** What a run has done. `tools` counts calls by name. */
export type Work = { usage: Usage; tools: Readonly<Record<string, number>> }

/** Micro-credits owed, rounded once, upwards. */
export function price({ usage, tools }: Work, { rates, toolPrices }: Terms): bigint {
  const cached = BigInt(Math.min(usage.cachedTokens ?? 0, usage.promptTokens))
  const millionths =
    (BigInt(usage.promptTokens) - cached) * rates.promptPerMillion +
    cached * (rates.cachedPerMillion ?? rates.promptPerMillion) +
    BigInt(usage.completionTokens) * rates.completionPerMillion
  const calls = Object.entries(tools).reduce(
    (sum, [name, count]) => sum + toolPrice(name, toolPrices) * BigInt(count),
    0n,
  )
  return (millionths + MILLION - 1n) / MILLION + calls + (rates.perRun ?? 0n)
}

/** Whether nothing that a run does costs anything. */
export function isFree({ rates, toolPrices }: Terms): boolean {
  const { promptPerMillion, completionPerMillion, cachedPerMillion = 0n, perRun = 0n } = rates
  const all = [promptPerMillion, completionPerMillion, cachedPerMillion, perRun, ...Object.values(toolPrices)]
  return all.every((rate) => rate === 0n)
}

export const toolPrice = (name: string, prices: Terms['toolPrices']): bigint =>
  Object.hasOwn(prices, name) ? (prices[name] ?? 0n) : 0n

/** JSON without bigints. */
export type StoredTerms = { rates: Record<string, string>; toolPrices: Record<string, string> }

export function toStoredTerms({ rates, toolPrices }: Terms): StoredTerms {
  return { rates: toTexts(rates), toolPrices: toTexts(toolPrices) }
}

export function fromStoredTerms({ rates, toolPrices }: StoredTerms): Terms {
  return { rates: toBigints(rates) as Rates, toolPrices: toBigints(toolPrices) }
}

const MILLION = 1_000_000n

const toTexts = (values: Readonly<Record<string, bigint | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )

const toBigints = (texts: Readonly<Record<string, string>>): Record<string, bigint> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, BigInt(text)]))
