import type { ContextLengthError } from '../errors.ts'
import type { Message } from '../messages.ts'
import { estimateTokens } from '../models/estimate-tokens.ts'

export type ShortenOptions = {
  /** By how much they are too long. */
  error: ContextLengthError
  /** Counts from 1. Each cuts more than the one before, the third all there is: backends count otherwise than we do. */
  attempt: number
  serverTools: readonly { name: string }[]
}

/**
 * The messages with their least needed tool results cut as far as it takes, or null where there is nothing left to cut:
 * first those of earlier questions, then those of this question's earlier steps, the oldest first; of the latest step only
 * those of `serverTools`, as the others are what the caller has just sent. Questions and calls always stay.
 */
export function shortenResults(
  messages: readonly Message[],
  { error, attempt, serverTools }: ShortenOptions,
): readonly Message[] | null {
  const isOurs = (name: string) => serverTools.some((tool) => tool.name === name)
  const question = messages.findLastIndex(({ role }) => role === 'user')
  const latestCalls = messages.findLastIndex(({ role }) => role === 'assistant')
  const starts = [0, question, latestCalls, messages.length]
  const shortened = [...messages]
  let wanted = attempt < 3 ? attempt * tokensOver(error) : Number.POSITIVE_INFINITY
  for (let range = 0; range < 3 && wanted > 0; range++) {
    for (let at = Math.max(0, starts[range] ?? 0); at < (starts[range + 1] ?? 0) && wanted > 0; at++) {
      const message = shortened[at]
      if (message?.role !== 'tool' || (range === 2 && !isOurs(message.toolName))) continue
      const text = shorten(message.text, wanted)
      if (text.length >= message.text.length) continue
      wanted -= estimateTokens(message.text) - estimateTokens(text)
      shortened[at] = { ...message, text }
    }
    // Who does not say by how much it is too long is asked again after each range.
    if (wanted === Number.POSITIVE_INFINITY && attempt < 3 && shortened.some((message, at) => message !== messages[at]))
      break
  }
  return shortened.some((message, at) => message !== messages[at]) ? shortened : null
}

/** With room for the answer; without end where the backend does not say. */
function tokensOver({ details: { limitTokens, promptTokens } }: ContextLengthError): number {
  return typeof limitTokens === 'number' ? Number(promptTokens) - limitTokens + ANSWER_TOKENS : Number.POSITIVE_INFINITY
}

const ANSWER_TOKENS = 1_024

function shorten(text: string, wanted: number): string {
  const summary = summaryOf(text)
  if (summary !== undefined) return JSON.stringify({ summary: cut(summary, LEAST_CHARACTERS) })
  return cut(text, Math.max(LEAST_CHARACTERS, text.length - CHARS_PER_TOKEN * (wanted + MARK_TOKENS)))
}

/** Our own tools' results say in one sentence what they found. */
function summaryOf(text: string): string | undefined {
  try {
    const { summary } = JSON.parse(text)
    return typeof summary === 'string' ? summary : undefined
  } catch {
    return undefined
  }
}

const LEAST_CHARACTERS = 600
/** The most that an estimate gives a token, so that as much goes as has to. */
const CHARS_PER_TOKEN = 3.5
const CUT_MARK = '… (shortened)'
const MARK_TOKENS = 8

function cut(text: string, characters: number): string {
  return text.length <= characters + CUT_MARK.length ? text : text.slice(0, characters).toWellFormed() + CUT_MARK
}
