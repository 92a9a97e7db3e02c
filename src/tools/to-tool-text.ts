import type { BlockRef } from '../chain/chain-session.ts'

export type ToolAnswer = {
  summary: string
  result: unknown
  notes: readonly string[]
  blocks: readonly BlockRef[]
}

/** UTF-8 bytes of one result: about 5 000 tokens, so that a few fit beside the question. */
export const MAX_TEXT_BYTES = 16_000

const LEVELS = [
  { items: 100, characters: 2_000 },
  { items: 40, characters: 1_000 },
  { items: 15, characters: 400 },
  { items: 5, characters: 150 },
] as const

/**
 * What a model reads of a result: JSON `{ summary, result, notes, blocks }`, always whole JSON. Past `maxBytes` its lists
 * and texts are shortened, and both the places and the notes say so.
 */
export function toToolText({ summary, result, notes, blocks }: ToolAnswer, maxBytes = MAX_TEXT_BYTES): string {
  const shownBlocks = blocks.map(({ chain, number, hash, timestampSec }) => ({
    chain,
    number: Number(number),
    hash,
    time: new Date(timestampSec * 1000).toISOString(),
  }))
  const write = (shown: unknown, extra: readonly string[] = [], line = summary) =>
    JSON.stringify({ summary: line, result: shown, notes: [...notes, ...extra], blocks: shownBlocks })
  const whole = write(result)
  if (Buffer.byteLength(whole) <= maxBytes) return whole
  for (const level of LEVELS) {
    const text = write(shorten(result, level), [SHORTENED], shortenText(summary, level.characters))
    if (Buffer.byteLength(text) <= maxBytes) return text
  }
  return write('left out: too long', [SHORTENED], shortenText(summary, 400))
}

const SHORTENED = 'This result was too long and has been shortened; ask for less at once to see the rest.'

function shorten(value: unknown, level: (typeof LEVELS)[number]): unknown {
  if (typeof value === 'string') return shortenText(value, level.characters)
  if (Array.isArray(value)) {
    const kept = value.slice(0, level.items).map((item) => shorten(item, level))
    return value.length > level.items ? [...kept, `… ${value.length - level.items} more left out`] : kept
  }
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value)
  const kept = entries.slice(0, level.items).map(([key, item]) => [key, shorten(item, level)])
  return Object.fromEntries(
    entries.length > level.items ? [...kept, ['…', `${entries.length - level.items} more left out`]] : kept,
  )
}

function shortenText(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters).toWellFormed()}… (shortened)` : text
}
