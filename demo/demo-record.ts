import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'

/** What other commands need to find the demo that runs. */
export type DemoRecord = z.output<typeof Record>

/** Kept in the data directory while the demo runs. @returns what removes it. */
export function recordDemo(dataDir: string, record: DemoRecord): () => void {
  const path = pathIn(dataDir)
  writeFileSync(path, JSON.stringify(record))
  return () => rmSync(path, { force: true })
}

/** Undefined where no demo runs on that directory. */
export function findDemo(dataDir: string): DemoRecord | undefined {
  try {
    const record = Record.parse(JSON.parse(readFileSync(pathIn(dataDir), 'utf8')))
    process.kill(record.pid, 0) // throws where it has ended, and could not tidy up
    return record
  } catch {
    return undefined
  }
}

const pathIn = (dataDir: string) => join(dataDir, 'demo.json')

const Record = z.object({
  pid: z.int(),
  /** By chain id. */
  rpcUrls: z.record(z.string(), z.array(z.string())),
  treasury: z.string().optional(),
})
