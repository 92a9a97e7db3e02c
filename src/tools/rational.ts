/** A fraction of whole numbers in lowest terms: `den` is positive. */
export type Rational = { num: bigint; den: bigint }

/** Bits of numerator and denominator: beyond it a number is of no use to a reader and of cost to us. */
const MAX_BITS = 16_384

/** @throws RangeError where `den` is 0 or the number is too large. */
export function rational(num: bigint, den = 1n): Rational {
  if (den === 0n) throw new RangeError('division by zero')
  const divisor = gcd(num < 0n ? -num : num, den < 0n ? -den : den) * (den < 0n ? -1n : 1n)
  const reduced = divisor === 0n ? { num: 0n, den: 1n } : { num: num / divisor, den: den / divisor }
  if (bits(reduced.num) > MAX_BITS || bits(reduced.den) > MAX_BITS) throw new RangeError('the number grows too large')
  return reduced
}

export function add(a: Rational, b: Rational): Rational {
  return rational(a.num * b.den + b.num * a.den, a.den * b.den)
}

export function negate({ num, den }: Rational): Rational {
  return { num: -num, den }
}

export function multiply(a: Rational, b: Rational): Rational {
  return rational(a.num * b.num, a.den * b.den)
}

export function divide(a: Rational, b: Rational): Rational {
  return rational(a.num * b.den, a.den * b.num)
}

/** @throws RangeError before a number is made that would be too large. */
export function power(base: Rational, exponent: bigint): Rational {
  const size = exponent < 0n ? -exponent : exponent
  if (BigInt(Math.max(bits(base.num), bits(base.den))) * size > BigInt(MAX_BITS) && !isUnit(base)) {
    throw new RangeError('the number grows too large')
  }
  const count = isUnit(base) ? size % 2n : size
  const result = { num: base.num ** count, den: base.den ** count }
  return exponent < 0n ? divide({ num: 1n, den: 1n }, result) : rational(result.num, result.den)
}

/** 1 and -1 stay small whatever the exponent. */
function isUnit({ num, den }: Rational): boolean {
  return den === 1n && (num === 1n || num === -1n)
}

function bits(value: bigint): number {
  return value.toString(16).length * 4
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b]
  while (y !== 0n) [x, y] = [y, x % y]
  return x
}

const EXACT_PLACES = 40
const ROUNDED_DIGITS = 20

/**
 * As a decimal: exact where it ends within 40 places, else 20 significant digits, halves away from zero, `rounded: true`.
 */
export function toDecimal({ num, den }: Rational): { text: string; rounded: boolean } {
  const negative = num < 0n
  const size = negative ? -num : num
  const places = countPlaces(den)
  if (places !== undefined)
    return { text: write(negative, (size * 10n ** BigInt(places)) / den, places), rounded: false }
  const whole = size / den
  const before = whole === 0n ? size.toString().length - den.toString().length : whole.toString().length
  const keep = Math.max(0, ROUNDED_DIGITS - before)
  const scaled = (2n * size * 10n ** BigInt(keep) + den) / (2n * den)
  return { text: write(negative, scaled, keep), rounded: true }
}

/** Places after the point, or undefined where the decimal goes on past {@link EXACT_PLACES}. */
function countPlaces(den: bigint): number | undefined {
  let scale = 1n
  for (let places = 0; places <= EXACT_PLACES; places++) {
    if (scale % den === 0n) return places
    scale *= 10n
  }
  return undefined
}

function write(negative: boolean, digits: bigint, places: number): string {
  const padded = digits.toString().padStart(places + 1, '0')
  const whole = padded.slice(0, padded.length - places)
  const fraction = padded.slice(padded.length - places).replace(/0+$/, '')
  const text = fraction === '' ? whole : `${whole}.${fraction}`
  return negative && digits !== 0n ? `-${text}` : text
}
