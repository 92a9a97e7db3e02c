import type { ChaosReport } from './chaos.ts'

/** How many questions are told of: the first shows the way to the others. */
const MOST = 3

/** What went wrong, and what happened on the way there, in order. */
export function toStory({ wrongs, journal }: ChaosReport): string {
  const tags = [...new Set(wrongs.map(({ tag }) => tag))].slice(0, MOST)
  return [
    ...wrongs.map(({ tag, text }) => `${tag ?? '***'}: ${text}`),
    ...tags.map(
      (tag) => `\nWhat happened${tag === undefined ? '' : ` to ${tag}`} (*** is the world):\n${journal.tell(tag)}`,
    ),
  ].join('\n')
}
