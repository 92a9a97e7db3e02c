import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The texts a run needs, as they stand in `prompts/`. */
export type Prompts = { system: string; lastStep: string }

/** @throws an Error that names the file, where one is missing or empty. */
export async function loadPrompts(dir: string): Promise<Prompts> {
  const [system, lastStep] = await Promise.all([loadPrompt(dir, 'system'), loadPrompt(dir, 'last-step')])
  return { system, lastStep }
}

async function loadPrompt(dir: string, name: string): Promise<string> {
  const path = join(dir, `${name}.md`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`The prompt ${path} cannot be read. Restore it, or set PROMPTS_DIR.`, { cause })
  })
  if (text.trim() === '') throw new Error(`The prompt ${path} is empty. Restore it, or set PROMPTS_DIR.`)
  return text.trim()
}
