import { type Clause, sliceClause, textOf } from './clause.ts'
import { isArithmetic, type Match, type MatchContext, matchClause } from './match.ts'
import { joinsClauses } from './tokens.ts'

/** What a sentence asks, part by part. */
export type Segment =
  | { type: 'match'; match: Match }
  | { type: 'unmatched'; question: string; missing: readonly string[] }

/** Joints past this many stay inside the last part. */
const MAX_JOINTS = 7

/**
 * Divides a sentence at commas and conjunctions into the parts that most of its questions are understood by; a sentence that is
 * understood whole and exactly stays whole. `whole` is how it is understood undivided.
 */
export function segment(clause: Clause, whole: Match | undefined, context: MatchContext): Segment[] {
  if (whole?.isExact && whole.missing.length === 0) return [{ type: 'match', match: whole }]
  const cuts = toCuts(clause)
  let divisions: Division[] = [{ value: 0, segments: [] }]
  for (let to = 1; to < cuts.length; to++) {
    const options = divisions.flatMap((before, from) => {
      const part = trim(sliceClause(clause, cuts[from] ?? 0, cuts[to] ?? 0))
      const isWhole = from === 0 && to === cuts.length - 1
      return part === undefined ? [before] : extend(before, part, isWhole ? whole : matchPart(part, context))
    })
    divisions = [...divisions, options.reduce((best, option) => (option.value > best.value + 1e-9 ? option : best))]
  }
  return shareWords(divisions.at(-1)?.segments ?? [])
}

/** "Balance and nonce of bob.eth on base": a part that took its address from another part takes its vocabulary words as well. */
function shareWords(segments: readonly Segment[]): Segment[] {
  return segments.map((segment, at) => {
    if (segment.type === 'unmatched' || !segment.match.borrows) return segment
    const { match } = segment
    const others = [...segments.slice(0, at).reverse(), ...segments.slice(at + 1)]
    const lent = match.tool.fields.flatMap(({ name, kinds }) => {
      if (!kinds.has('words') || Object.hasOwn(match.call, name)) return []
      const values = others
        .flatMap((other) => (other.type === 'match' ? [other.match.values.get(name)] : []))
        .find(Boolean)
      return values === undefined ? [] : [[name, values] as const]
    })
    return { type: 'match', match: { ...match, values: new Map([...lent, ...match.values]) } }
  })
}

type Division = { value: number; segments: Segment[] }

/** Where parts may begin, and the end. */
function toCuts({ tokens }: Clause): number[] {
  const joints = tokens.flatMap((token, at) => (at > 0 && joinsClauses(token) ? [at] : []))
  return [0, ...joints.slice(0, MAX_JOINTS), tokens.length]
}

function extend(before: Division, part: Clause, match: Match | undefined): Division {
  if (match !== undefined && match.missing.length === 0) {
    return { value: before.value + 1 + match.score * 0.4, segments: [...before.segments, { type: 'match', match }] }
  }
  const unmatched: Segment = { type: 'unmatched', question: textOf(part), missing: match?.missing ?? [] }
  // A part that only names values ("and bob.eth") belongs to its neighbour.
  const isBare = part.tokens.every(({ rank, kind }) => rank === 'filler' || kind !== 'word')
  return { value: before.value - (isBare ? 1.5 : 0.3), segments: [...before.segments, unmatched] }
}

/** A part of a sentence must bring words of its own: else every address in a list would be a question. */
function matchPart(part: Clause, context: MatchContext): Match | undefined {
  const match = matchClause(part, context)
  return match === undefined || match.hasWords || isArithmetic(match) ? match : undefined
}

/** Without joints at its ends; undefined where only fillers are left. */
function trim(clause: Clause): Clause | undefined {
  const { tokens } = clause
  const start = tokens.findIndex((token) => !joinsClauses(token))
  const end = tokens.findLastIndex((token) => !joinsClauses(token)) + 1
  const part = sliceClause(clause, Math.max(0, start), end)
  return part.tokens.some(({ rank }) => rank !== 'filler') ? part : undefined
}
