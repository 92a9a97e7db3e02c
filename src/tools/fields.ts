import { z } from 'zod'
import { CHAIN_NAMES, findChainName } from '../chain/chain-list.ts'

/** A chain by name, alias, decimal id or CAIP-2 id; `execute` gets its name: `arb`, `42161`, `Arbitrum One` → `arbitrum`. */
export const chainName = z
  .preprocess(
    (value) => (typeof value === 'string' || typeof value === 'number' ? (findChainName(value) ?? value) : value),
    z.enum(CHAIN_NAMES, {
      error: ({ input }) =>
        `'${String(input).slice(0, 40)}' is not a chain known here; known: ${CHAIN_NAMES.join(', ')}`,
    }),
  )
  .meta({ description: 'The chain', format: 'chain' })

/** A coin's or token's symbol, or a token's contract address. What it means depends on the chain: see `findToken`. */
export const token = z
  .string('must be a symbol or a contract address')
  .trim()
  .min(1, 'must be a symbol or a contract address')
  .max(80, 'is longer than any symbol or address')
  .meta({ description: 'A symbol such as USDC, or the 0x address of a token contract', format: 'token' })

export const blockNumber = z
  .int('must be a whole number')
  .min(0)
  .max(Number.MAX_SAFE_INTEGER)
  .meta({ description: 'A past block by number; leave it out for the latest', format: 'block' })

/** A moment: fixed, or so many seconds before now, where now is the time of the chain's latest block. */
export type Moment = { type: 'at'; unixSec: number } | { type: 'ago'; seconds: number }

/** Unix seconds, an ISO date with or without a time (UTC unless it says otherwise), or `3 hours ago`. */
export const time = z
  .string('must be a time')
  .trim()
  .max(60)
  .transform((text, context): Moment => {
    const moment = toMoment(text)
    if (moment !== undefined) return moment
    context.addIssue({
      code: 'custom',
      message: `'${text}' is not a time; write unix seconds, 2026-01-31, 2026-01-31T12:00Z or '3 hours ago'`,
    })
    return z.NEVER
  })
  .meta({
    description: "Unix seconds, an ISO date such as 2026-01-31T12:00Z (UTC), or '3 hours ago'",
    format: 'time',
  })

/** An address as a tool gives it back, with the name it came from where there was one. */
export const resolvedAddress = z
  .object({
    hex: z.templateLiteral(['0x', z.string().regex(/^[0-9a-fA-F]{40}$/)]),
    name: z.string().nullable(),
    label: z.string(),
  })
  .meta({ description: 'An address, and the ENS name it was asked by', format: 'resolved-address' })

/** The words for a unit, and its seconds. A month counts 30 days and a year 365: the answer says which time that was. */
const SECONDS: readonly (readonly [RegExp, number])[] = [
  [/^s(ec(ond)?s?)?$/i, 1],
  [/^min(ute)?s?$/i, 60],
  [/^h((ou)?rs?)?$/i, 3_600],
  [/^d(ays?)?$/i, 86_400],
  [/^w(eeks?)?$/i, 604_800],
  [/^months?$/i, 30 * 86_400],
  [/^y(ears?)?$/i, 365 * 86_400],
]
const COUNTS = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
]
const AGO = /^(?:about )?(\d{1,9}|[a-z]+)\s*([a-z]+) ago$/i
const LAST = /^last ([a-z]+)$/i
/** ECMAScript would read a date with a time but no zone as the server's own: the `Z` says UTC. */
const ISO = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?$/i

function toMoment(text: string): Moment | undefined {
  if (/^\d{1,11}$/.test(text)) return { type: 'at', unixSec: Number(text) }
  // JavaScript counts milliseconds; as seconds this many would be the year 33658 or later.
  if (/^\d{12,13}$/.test(text)) return { type: 'at', unixSec: Math.floor(Number(text) / 1000) }
  if (/^(now|latest)$/i.test(text)) return { type: 'ago', seconds: 0 }
  const [, count = '1', unit] = AGO.exec(text.replace(/^yesterday$/i, '1 day ago')) ?? ['', '1', LAST.exec(text)?.[1]]
  if (unit !== undefined) return toAgo(count, unit)
  const iso = ISO.exec(text)
  if (iso === null) return undefined
  const zone = /^(utc)?$/i.test(iso[3] ?? '') ? 'Z' : (iso[3] ?? '').toUpperCase()
  const ms = Date.parse(`${iso[1]}T${iso[2] ?? '00:00'}${zone}`)
  return Number.isNaN(ms) ? undefined : { type: 'at', unixSec: Math.floor(ms / 1000) }
}

function toAgo(count: string, unit: string): Moment | undefined {
  const seconds = SECONDS.find(([words]) => words.test(unit))?.[1]
  const times = /^\d/.test(count) ? Number(count) : /^an?$/i.test(count) ? 1 : COUNTS.indexOf(count.toLowerCase())
  return seconds === undefined || times < 0 ? undefined : { type: 'ago', seconds: times * seconds }
}
