import { type Token, tokenize } from './tokens.ts'

/** One question: its words, and the text their offsets count in. */
export type Clause = {
  text: string
  tokens: readonly Token[]
  /** Whether capitals mean something here, rather than everything being shouted. */
  casesTell: boolean
}

/** Words past this many are not read. */
const MAX_TOKENS = 80

export function toClause(text: string): Clause {
  return fromTokens(text, tokenize(text).slice(0, MAX_TOKENS))
}

/** The part of a clause from token `start` up to token `end`. */
export function sliceClause(clause: Clause, start: number, end: number): Clause {
  return { ...clause, tokens: clause.tokens.slice(start, end) }
}

/** A clause as its author wrote it. */
export function textOf({ text, tokens }: Clause): string {
  return text.slice(tokens[0]?.start ?? 0, tokens.at(-1)?.end ?? 0)
}

function fromTokens(text: string, tokens: readonly Token[]): Clause {
  const words = tokens.filter(({ kind }) => kind === 'word')
  const shouted = words.filter((word) => word.text === word.text.toUpperCase() && /\p{L}{2}/u.test(word.text))
  return { text, tokens, casesTell: words.length < 4 || shouted.length < words.length * 0.7 }
}
