import { formatUnits } from 'viem'
import { z } from 'zod'

/** An exact quantity. `raw` counts the smallest unit; `formatted` is the same in whole units, without separators. */
export type Amount = { raw: string; decimals: number; symbol: string; formatted: string }

export const amount = z
  .object({
    raw: z.string().regex(/^-?\d+$/),
    decimals: z.int().min(0).max(255),
    symbol: z.string(),
    formatted: z.string(),
  })
  .meta({ description: 'raw in the smallest unit, formatted in whole units', format: 'amount' })

/** `toAmount(1_500_000n, { decimals: 6, symbol: 'USDC' }).formatted` is `1.5`. */
export function toAmount(raw: bigint, { decimals, symbol }: { decimals: number; symbol: string }): Amount {
  return { raw: raw.toString(), decimals, symbol, formatted: formatUnits(raw, decimals) }
}

/** For sentences: all digits, thousands apart: `1,234,567.891 USDC`. */
export function toWords({ formatted, symbol }: Amount): string {
  return `${withSeparators(formatted)} ${symbol}`
}

/** `-1234567.8` → `-1,234,567.8`. Digits after the point stay as they are. */
export function withSeparators(decimal: string | number | bigint): string {
  const [whole = '', fraction] = String(decimal).split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/** For sentences: `22.43`, or `about 4,150.12` where digits were left out, so that no rounded figure passes for the exact one. */
export function toAbout(decimal: string, places?: number): string {
  const readable = toReadable(decimal, places)
  return `${readable === decimal ? '' : 'about '}${withSeparators(readable)}`
}

/**
 * Fewer digits for a sentence, halves away from zero: at least `places` after the point, and as many as the
 * first five significant digits need. `0.000012345678` → `0.000012346`, `4150.12345678` → `4150.12`.
 */
export function toReadable(decimal: string, places = 2): string {
  const [whole = '0', fraction = ''] = decimal.split('.')
  const negative = whole.startsWith('-')
  const zeros = /^-?0$/.test(whole) ? (/^0*/.exec(fraction)?.[0].length ?? 0) : -whole.replace('-', '').length
  const keep = Math.max(places, zeros + 5)
  if (fraction.length <= keep) return decimal
  const digits = BigInt((negative ? whole.slice(1) : whole) + fraction.slice(0, keep))
  const rounded = digits + ((fraction[keep] ?? '0') >= '5' ? 1n : 0n)
  return formatUnits(negative ? -rounded : rounded, keep)
}
