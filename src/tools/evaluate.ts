import { add, divide, multiply, negate, power, type Rational, rational } from './rational.ts'
import { ToolError } from './tool-error.ts'

/** `unit` is null for a plain number; an amount of ether is exact in wei whatever it is shown in. */
export type Evaluated = { value: Rational; unit: Unit | null }
type Unit = keyof typeof WEI

/** Decimals of each unit, from viem's and Ethereum's own table. */
const WEI = { wei: 0, gwei: 9, ether: 18 } as const
const UNIT_WORDS: Readonly<Record<string, Unit>> = { wei: 'wei', gwei: 'gwei', ether: 'ether', eth: 'ether' }

const MAX_CHARACTERS = 500
const MAX_DEPTH = 50

/**
 * The exact value of an expression: `+ - * / ^`, parentheses, `15%`, `15% of 200`, `1e18`, units (`30 gwei * 21000`),
 * `… in gwei`, and `raw(1.5, 6)` / `whole(1500000, 6)` for tokens of 6 decimals.
 *
 *     sum     = product (("+" | "-") product)*
 *     product = factor (("*" | "/" | "of") factor)*
 *     factor  = ("-" | "+") factor | postfix ("^" factor)?
 *     postfix = primary ("%" | unit)*
 * @throws {@link ToolError} that says where the expression cannot be understood.
 */
export function evaluate(expression: string): Evaluated {
  if (expression.length > MAX_CHARACTERS) throw new ToolError(`An expression has at most ${MAX_CHARACTERS} characters.`)
  try {
    const parser = createParser(tokenize(expression))
    const quantity = parser.sum(0)
    const asked = parser.takeConversion()
    parser.expectEnd()
    return toEvaluated(quantity, asked)
  } catch (error) {
    throw error instanceof RangeError ? new ToolError(`This cannot be calculated: ${error.message}.`) : error
  }
}

/** `dimension` counts factors of ether: 1 for an amount, 0 for a number. `percent` marks a bare `10%`. */
type Quantity = { value: Rational; dimension: number; percent?: true }
type Token = { type: 'number'; value: Rational } | { type: 'word' | 'sign'; text: string }

const TOKEN =
  /\s*(?:((?:(?:[1-9]\d{0,2}(?:,\d{3})+|\d[\d_]*)(?:\.\d+)?|\.\d+)(?:e[+-]?\d{1,4})?(?![\w.]|,\d{3}))|([a-z]+)|(\*\*|[-+*/^()%,×·÷−–]))/iy
const SIGNS: Readonly<Record<string, string>> = { '**': '^', '×': '*', '·': '*', '÷': '/', '−': '-', '–': '-' }
/** A comma before three digits that does not part thousands: `0,125` is 0.125 to one reader and 125 to another. */
const UNCLEAR_COMMA = /^\s*\d[\d,]*/
/** People write arithmetic in words as well; the longest first. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/\bto the power of\b/gi, ' ^ '],
  [/\bmultiplied by\b/gi, ' * '],
  [/\bdivided by\b/gi, ' / '],
  [/\bplus\b/gi, ' + '],
  [/\bminus\b/gi, ' - '],
  [/\btimes\b/gi, ' * '],
  [/(?<=[\d)]\s*)\bx\b(?=\s*[\d(])/gi, ' * '],
  [/\bover\b/gi, ' / '],
  [/\bpercent\b/gi, ' % '],
  [/\binto\b/gi, ' in '],
]

function tokenize(expression: string): readonly Token[] {
  const spelled = WORDS.reduce((text, [word, sign]) => text.replace(word, sign), expression)
  const text = spelled
    .trim()
    .replace(/=?\s*\??$/, '')
    .trimEnd()
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    TOKEN.lastIndex = at
    const match = TOKEN.exec(text)
    if (match === null) throw toUnclear(text.slice(at))
    const [, number, word, sign] = match
    if (number !== undefined) tokens.push({ type: 'number', value: parseNumber(number) })
    else if (word !== undefined) tokens.push({ type: 'word', text: word.toLowerCase() })
    else tokens.push({ type: 'sign', text: SIGNS[sign ?? ''] ?? sign ?? '' })
    at = TOKEN.lastIndex
  }
  return tokens
}

function toUnclear(text: string): ToolError {
  const [number] = UNCLEAR_COMMA.exec(text) ?? []
  return number?.includes(',')
    ? new ToolError(
        `'${number.trim().slice(0, 40)}' is unclear: write 0.5 with a point, and thousands as 1,234,567 or 1234567.`,
      )
    : new ToolError(`'${text.slice(0, 20).trim()}' cannot be understood. ${HELP}`)
}

const HELP = 'Use numbers, + - * / ^ ( ) %, wei, gwei, ether, raw(amount, decimals) and whole(amount, decimals).'

function parseNumber(text: string): Rational {
  const [digits = '0', exponent = '0'] = text.toLowerCase().replace(/[_,]/g, '').split('e')
  const [whole = '', fraction = ''] = digits.split('.')
  const value = rational(BigInt(`${whole}${fraction}`), 10n ** BigInt(fraction.length))
  return multiply(value, power(rational(10n), BigInt(exponent)))
}

function createParser(tokens: readonly Token[]) {
  let at = 0

  const peek = (text: string) => {
    const token = tokens[at]
    return token !== undefined && token.type !== 'number' && token.text === text
  }
  const take = (text: string) => peek(text) && ++at > 0
  const expect = (text: string) => {
    if (!take(text))
      throw new ToolError(
        `'${text}' is missing ${at < tokens.length ? 'before the end' : 'at the end'} of the expression. ${HELP}`,
      )
  }
  const takeWord = () => {
    const token = tokens[at]
    if (token?.type !== 'word') return undefined
    at++
    return token.text
  }

  function sum(depth: number): Quantity {
    if (depth > MAX_DEPTH) throw new ToolError(`The expression is nested deeper than ${MAX_DEPTH} levels.`)
    let left = product(depth)
    while (peek('+') || peek('-')) {
      const minus = peek('-')
      at++
      const right = product(depth)
      // Of 1, both readings are the same.
      if (right.percent !== undefined && left.percent === undefined && !isOne(left.value)) {
        throw new ToolError(
          `'a ${minus ? '-' : '+'} b%' is ambiguous. Write a * (1 ${minus ? '-' : '+'} b%) or b% of a.`,
        )
      }
      if (left.dimension !== right.dimension)
        throw new ToolError('An amount of ether and a plain number cannot be added.')
      left = { ...left, value: add(left.value, minus ? negate(right.value) : right.value) }
    }
    return left
  }

  function product(depth: number): Quantity {
    let left = factor(depth)
    for (;;) {
      if (take('*') || take('of')) {
        const right = factor(depth)
        left = { value: multiply(left.value, right.value), dimension: left.dimension + right.dimension }
      } else if (take('/')) {
        const right = factor(depth)
        left = { value: divide(left.value, right.value), dimension: left.dimension - right.dimension }
      } else return left
    }
  }

  function factor(depth: number): Quantity {
    if (depth > MAX_DEPTH) throw new ToolError(`The expression is nested deeper than ${MAX_DEPTH} levels.`)
    if (take('-')) {
      const operand = factor(depth + 1)
      return { ...operand, value: negate(operand.value) }
    }
    if (take('+')) return factor(depth + 1)
    const base = postfix(depth)
    if (!take('^')) return base
    const exponent = factor(depth + 1)
    if (base.dimension !== 0 || exponent.dimension !== 0)
      throw new ToolError('Only plain numbers can be raised to a power.')
    if (exponent.value.den !== 1n) throw new ToolError('Only whole exponents can be calculated exactly.')
    return { value: power(base.value, exponent.value.num), dimension: 0 }
  }

  function postfix(depth: number): Quantity {
    let quantity = primary(depth)
    for (;;) {
      const token = tokens[at]
      const unit = token?.type === 'word' ? UNIT_WORDS[token.text] : undefined
      if (take('%')) {
        quantity = { value: divide(quantity.value, rational(100n)), dimension: quantity.dimension, percent: true }
      } else if (unit !== undefined) {
        if (quantity.dimension !== 0) throw new ToolError('An amount has two units.')
        at++
        quantity = { value: multiply(quantity.value, rational(10n ** BigInt(WEI[unit]))), dimension: 1 }
      } else return quantity
    }
  }

  function primary(depth: number): Quantity {
    const token = tokens[at]
    if (token?.type === 'number') {
      at++
      return { value: token.value, dimension: 0 }
    }
    if (take('(')) {
      const inner = sum(depth + 1)
      expect(')')
      return { value: inner.value, dimension: inner.dimension }
    }
    const word = takeWord()
    if (word === 'raw' || word === 'whole') return scale(word, depth)
    if (word !== undefined) throw new ToolError(`'${word.slice(0, 20)}' cannot be understood. ${HELP}`)
    throw new ToolError(
      `A number is missing${token === undefined ? ' at the end' : ` before '${token.text}'`}. ${HELP}`,
    )
  }

  function scale(word: 'raw' | 'whole', depth: number): Quantity {
    expect('(')
    const inner = sum(depth + 1)
    expect(',')
    const decimals = sum(depth + 1)
    expect(')')
    if (decimals.value.den !== 1n || decimals.value.num < 0n || decimals.value.num > 255n) {
      throw new ToolError('Decimals are a whole number from 0 to 255.')
    }
    const unit = power(rational(10n), decimals.value.num)
    const value = word === 'raw' ? multiply(inner.value, unit) : divide(inner.value, unit)
    return { value, dimension: inner.dimension }
  }

  return {
    sum,
    takeConversion(): Unit | undefined {
      if (!take('in') && !take('to') && !take('as')) return undefined
      const word = takeWord()
      const unit = word === undefined ? undefined : UNIT_WORDS[word]
      if (unit === undefined)
        throw new ToolError(`A result can be shown in wei, gwei or ether, not in '${word ?? ''}'.`)
      return unit
    },
    expectEnd() {
      const token = tokens[at]
      if (token === undefined) return
      throw new ToolError(
        `${token.type === 'number' ? 'A number' : `'${token.text}'`} stands where the expression should end. ${HELP}`,
      )
    },
  }
}

function isOne({ num, den }: Rational): boolean {
  return num === 1n && den === 1n
}

function toEvaluated({ value, dimension }: Quantity, asked: Unit | undefined): Evaluated {
  if (dimension === 0 && asked === undefined) return { value, unit: null }
  if (dimension === 0)
    throw new ToolError(`A plain number cannot be shown in ${asked}. Give it a unit, as in 5 gwei in wei.`)
  if (dimension !== 1) throw new ToolError('The units do not cancel out to an amount of ether or a plain number.')
  const unit = asked ?? 'ether'
  return { value: divide(value, rational(10n ** BigInt(WEI[unit]))), unit }
}
