import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ROOT } from './gateway-process.ts'

/** What the last stage of the Dockerfile says, as far as it uses it. */
export type ImageSpec = {
  env: Record<string, string>
  /** From the clone, not from an earlier stage. */
  copies: { sources: readonly string[]; target: string }[]
  entrypoint: readonly string[]
  healthcheck: readonly string[]
  exposed: string
  user: string
  stopSignal: string
}

export async function readImageSpec(): Promise<ImageSpec> {
  const text = (await readFile(join(ROOT, 'Dockerfile'), 'utf8')).replaceAll('\\\n', ' ')
  const stage = text.slice(text.lastIndexOf('\nFROM '))
  const all = (instruction: string) =>
    [...stage.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].map((match) => match[1] ?? '')
  const one = (instruction: string) => all(instruction).at(-1) ?? ''
  return {
    env: Object.fromEntries(all('ENV').flatMap((line) => line.split(' ').map((pair) => pair.split('=', 2)))),
    copies: all('COPY')
      .filter((line) => !line.startsWith('--from'))
      .map((line) => line.split(' '))
      .map((words) => ({ sources: words.slice(0, -1), target: words.at(-1) ?? '' })),
    entrypoint: JSON.parse(one('ENTRYPOINT')) as string[],
    healthcheck: JSON.parse(/CMD (\[.*\])/.exec(one('HEALTHCHECK'))?.[1] ?? '') as string[],
    exposed: one('EXPOSE'),
    user: one('USER'),
    stopSignal: one('STOPSIGNAL'),
  }
}
