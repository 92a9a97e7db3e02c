/** Sentences past this many are not read, so that a long message costs a bounded time. */
const MAX_SENTENCES = 16

/** Cuts the last `maxCharacters` of a message into sentences: at line ends and at the marks that close one, but not inside `1.5` or `bob.eth`. */
export function toSentences(text: string, maxCharacters: number): string[] {
  return text
    .slice(-maxCharacters)
    .replaceAll(LIST_MARKER, '')
    .split(/[?!;\n\r]+|[.:](?=\s|$)/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence))
    .slice(0, MAX_SENTENCES)
}

const LIST_MARKER = /^[ \t]{0,20}(?:\d{1,2}[.)]|[-*•–])[ \t]+/gmu
