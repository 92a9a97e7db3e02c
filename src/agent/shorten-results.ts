import type { Message } from '../messages.ts'

/**
 * The messages with their least needed tool results cut short, or null where there is nothing left to cut: first those of
 * earlier questions, then those of this question's earlier steps, then the latest. Questions and calls always stay.
 */
export function shortenResults(messages: readonly Message[]): readonly Message[] | null {
  const question = messages.findLastIndex(({ role }) => role === 'user')
  const latestCalls = messages.findLastIndex(({ role }) => role === 'assistant')
  const ranges = [
    [0, question],
    [question, latestCalls],
    [latestCalls, messages.length],
  ] as const
  for (const [from, to] of ranges) {
    const shortened = messages.map((message, index) => (index >= from && index < to ? shorten(message) : message))
    if (shortened.some((message, index) => message !== messages[index])) return shortened
  }
  return null
}

function shorten(message: Message): Message {
  if (message.role !== 'tool') return message
  const summary = summaryOf(message.text)
  const text = summary === undefined ? cut(message.text) : JSON.stringify({ summary: cut(summary) })
  return text.length < message.text.length ? { ...message, text } : message
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

const MAX_CHARACTERS = 600
const CUT_MARK = '… (shortened)'

function cut(text: string): string {
  return text.length <= MAX_CHARACTERS + CUT_MARK.length
    ? text
    : text.slice(0, MAX_CHARACTERS).toWellFormed() + CUT_MARK
}
