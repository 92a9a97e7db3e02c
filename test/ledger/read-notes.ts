import { readFile, stat } from 'node:fs/promises'
import type { Note } from './note.ts'

/** The last line of a process that was killed may be half of one: it was not acknowledged. */
export async function readNotes(journal: string): Promise<Note[]> {
  return (await readFile(journal, 'utf8')).split('\n').flatMap((line): Note[] => {
    try {
      return [JSON.parse(line)]
    } catch {
      return []
    }
  })
}

/** By kind. */
export function countNotes(notes: readonly Note[]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(Object.groupBy(notes, ({ act }) => act)).map(([act, list]) => [act, list.length]),
  )
}

/** In bytes. */
export async function sizeOfNotes(journal: string): Promise<number> {
  return (await stat(journal)).size
}
