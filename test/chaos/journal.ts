/** What happened, in order: what was asked, what was broken, and what was seen. */
export type Journal = {
  readonly entries: readonly JournalEntry[]
  /** @param tag - of the question it is about; none: of the world that all share. */
  note(text: string, tag?: string): void
  /** The lines about one question, with what befell the world meanwhile. */
  tell(tag: string | undefined): string
}

export type JournalEntry = { atMs: number; tag: string | undefined; text: string }

export function createJournal(say: (line: string) => void = () => {}): Journal {
  const startedAtMs = Date.now()
  const entries: JournalEntry[] = []
  const toLine = ({ atMs, tag, text }: JournalEntry) =>
    `${((atMs - startedAtMs) / 1_000).toFixed(3).padStart(8)} ${tag === undefined ? '***' : tag} ${text}`
  return {
    entries,
    note(text, tag) {
      const entry = { atMs: Date.now(), tag, text }
      entries.push(entry)
      say(toLine(entry))
    },
    tell(tag) {
      const own = entries.filter((entry) => entry.tag === tag)
      const from = (own[0]?.atMs ?? 0) - 500
      const to = (own.at(-1)?.atMs ?? Number.POSITIVE_INFINITY) + 500
      return entries
        .filter((entry) => entry.tag === tag || (entry.tag === undefined && entry.atMs >= from && entry.atMs <= to))
        .map(toLine)
        .join('\n')
    },
  }
}
