import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentPrompts } from '../agent/plan-step.ts'

/** The texts a run needs, as they stand in `prompts/`. */
export type Prompts = AgentPrompts & {
  /** Ahead of all else where the gateway's tools are offered. */
  system: string
  /** Where the answer is to be JSON; the schema follows it. */
  jsonFormat: string
}

/** @throws an Error that names the file, where one is missing or empty. */
export async function loadPrompts(dir: string): Promise<Prompts> {
  const load = (name: string) => loadPrompt(dir, name)
  const [system, lastStep, callTool, jsonFormat, jsonAnswer, jsonRepair] = await Promise.all([
    load('system'),
    load('last-step'),
    load('call-tool'),
    load('json-format'),
    load('json-answer'),
    load('json-repair'),
  ])
  return { system, lastStep, callTool, jsonFormat, jsonAnswer, jsonRepair }
}

async function loadPrompt(dir: string, name: string): Promise<string> {
  const path = join(dir, `${name}.md`)
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new Error(`The prompt ${path} cannot be read. Restore it, or set PROMPTS_DIR.`, { cause })
  })
  if (text.trim() === '') throw new Error(`The prompt ${path} is empty. Restore it, or set PROMPTS_DIR.`)
  return text.trim()
}
