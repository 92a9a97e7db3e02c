/** A credit is worth one US dollar; a micro-credit, the unit of every amount here, one millionth of it. */
export const MICRO_PER_CREDIT = 1_000_000n

/** Of one amount, in micro-credits: a thousand million credits. Sums of them stay far from what a bigint holds. */
export const MOST_MICRO = 1_000_000_000n * MICRO_PER_CREDIT

/** `1.25` for 1,250,000 micro-credits; no digit is lost. */
export function toCreditText(micro: bigint): string {
  const digits = (micro < 0n ? -micro : micro).toString().padStart(7, '0')
  const fraction = digits.slice(-6).replace(/0+$/, '')
  return `${micro < 0n ? '-' : ''}${digits.slice(0, -6)}${fraction === '' ? '' : `.${fraction}`}`
}

/** Micro-credits of `1.25`; undefined where the text is no amount of credits, or finer than a micro-credit. */
export function parseCreditText(text: string): bigint | undefined {
  const [, whole, fraction = ''] = /^(\d{1,12})(?:\.(\d{1,6}))?$/.exec(text.trim()) ?? []
  if (whole === undefined) return undefined
  return BigInt(whole) * MICRO_PER_CREDIT + BigInt(fraction.padEnd(6, '0'))
}
