/** Arithmetic as people write it: `15% of 3412.75`, `1.5 ether in wei`. */
export type Arithmetic = { start: number; end: number }

/**
 * The longest stretch of arithmetic that starts at `start` of `text`, where there is any: a number, and something done to it.
 * `isUnit` says which words may follow a number; what one of them is converted into may be any word.
 */
export function readArithmetic(text: string, start: number, isUnit: (word: string) => boolean): Arithmetic | undefined {
  const first = start - (/[-(.]{1,20}$/.exec(text.slice(Math.max(0, start - 20), start))?.[0].length ?? 0)
  let at = first
  let end = first
  let numbers = 0
  let doings = 0
  let mayTakeUnit = false
  let hasUnit = false
  let into = false
  for (;;) {
    PIECE.lastIndex = at
    const [all, number, operator, word] = PIECE.exec(text) ?? []
    if (all === undefined) break
    at += all.length
    if (number !== undefined) {
      numbers++
      end = at
      mayTakeUnit = true
      into = false
    } else if (operator !== undefined) {
      doings += operator === '(' || operator === ')' ? 0 : 1
      if (operator === ')' || operator === '%') end = at
      mayTakeUnit = operator === ')' || operator === '%'
    } else if (word !== undefined && OPERATOR_WORDS.has(word.toLowerCase())) {
      if (numbers === 0) break
      into = INTO.has(word.toLowerCase())
      mayTakeUnit = into
    } else if (word !== undefined && mayTakeUnit && (isUnit(word.toLowerCase()) || (into && hasUnit))) {
      doings++
      hasUnit = true
      end = at
      mayTakeUnit = false
    } else break
  }
  return numbers > 0 && (doings > 0 || numbers > 1) ? { start: first, end } : undefined
}

const PIECE = /[\s$]*(?:(\d[\d,_]*(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+)|(\*\*|[-+*/^%()×÷−·])|(\p{L}[\p{L}\d]*))/iuy
const OPERATOR_WORDS: ReadonlySet<string> = new Set(
  'of plus minus times x divided multiplied by over percent per to in into as the power mod'.split(' '),
)
const INTO: ReadonlySet<string> = new Set(['to', 'in', 'into', 'as', 'percent'])
