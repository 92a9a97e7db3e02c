/**
 * What stands in a fence of backticks, or the text itself where it is not all one fence. Without a regular expression: those
 * that allow for blanks on all sides take minutes over a page of line ends, which models are known to write.
 */
export function unfence(text: string): string {
  const trimmed = text.trim()
  if (trimmed.length < 2 * FENCE.length || !trimmed.startsWith(FENCE) || !trimmed.endsWith(FENCE)) return trimmed
  const inner = trimmed.slice(FENCE.length, -FENCE.length)
  let tagLength = 0
  while (isLetter(inner.charCodeAt(tagLength))) tagLength++
  return inner.slice(tagLength).trim()
}

const FENCE = '```'

const isLetter = (code: number) => (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
