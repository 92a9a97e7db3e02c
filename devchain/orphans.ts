import { execFile } from 'node:child_process'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import { z } from 'zod'

/** A node we started. Anvil outlives a parent that was killed, so the next start must be able to find it. */
export type NodeRecord = {
  pid: number
  ownerPid: number
  binary: string
  /** Its own temporary directory, which its command line names: no other process has both. */
  directory: string
  startedAtMs: number
}

/** How the name of a node's directory begins: no other is ever removed. */
export const NODE_DIRECTORY_PREFIX = 'groundwire-devchain-'

/**
 * Writes a record; the returned function removes it and the node's directory. Synchronous: a crash between the start of
 * a node and its record would lose the node.
 */
export function recordNode(records: string, record: NodeRecord): () => void {
  mkdirSync(records, { recursive: true })
  const file = join(records, `${record.pid}.json`)
  const draft = `${file}.${record.ownerPid}.draft`
  writeFileSync(draft, JSON.stringify(record))
  renameSync(draft, file) // a sweep never reads half a record
  return () => {
    rmSync(file, { force: true })
    rmSync(record.directory, { recursive: true, force: true })
  }
}

/**
 * Ends the recorded nodes whose owner is gone, and forgets the records of nodes that are gone. A process that only
 * has the pid of a recorded node is left alone, and so is a node whose owner lives.
 * @returns pids of the nodes it ended.
 */
export async function sweepOrphans(records: string): Promise<number[]> {
  const files = await readdir(records).catch(() => [])
  const swept = await Promise.all(
    files.filter((file) => file.endsWith('.json')).map((file) => sweepRecord(join(records, file))),
  )
  return swept.flat()
}

async function sweepRecord(file: string): Promise<number[]> {
  const record = await readRecord(file)
  const standing = record === undefined ? 'gone' : await inspect(record)
  if (standing === 'owned' || standing === 'unknown') return []
  const ended = record !== undefined && standing === 'orphaned' && (await end(record)) ? [record.pid] : []
  await rm(file, { force: true })
  if (record !== undefined) await rm(record.directory, { recursive: true, force: true })
  return ended
}

const Schema = z.object({
  pid: z.int().positive(),
  ownerPid: z.int().positive(),
  binary: z.string().min(1),
  directory: z.string().refine((path) => basename(path).startsWith(NODE_DIRECTORY_PREFIX)),
  startedAtMs: z.number(),
})

async function readRecord(file: string): Promise<NodeRecord | undefined> {
  try {
    return Schema.parse(JSON.parse(await readFile(file, 'utf8')))
  } catch {
    return undefined
  }
}

async function end(record: NodeRecord): Promise<boolean> {
  try {
    process.kill(record.pid, 'SIGKILL')
  } catch {
    return false // another sweep was quicker
  }
  for (let tries = 0; tries < 100 && (await inspect(record)) === 'orphaned'; tries++) await wait(10)
  return true
}

/** Whose child the node is tells more than whether the owner's pid is taken: a pid is given out again. */
async function inspect({
  pid,
  ownerPid,
  binary,
  directory,
}: NodeRecord): Promise<'gone' | 'orphaned' | 'owned' | 'unknown'> {
  if (process.platform === 'win32') return 'unknown'
  const found = await (process.platform === 'linux' ? readProc(pid) : askPs(pid))
  if (found === undefined || !found.command.includes(binary) || !found.command.includes(directory)) return 'gone'
  return found.parentPid === ownerPid ? 'owned' : 'orphaned'
}

type Process = { parentPid: number; command: string }

async function readProc(pid: number): Promise<Process | undefined> {
  try {
    const [stat, cmdline] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
    ])
    // proc(5): the second field is the name in parentheses, which may hold anything; the fourth is the parent.
    const [, parentPid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { parentPid: Number(parentPid), command: cmdline.replaceAll('\0', ' ') }
  } catch {
    return undefined
  }
}

async function askPs(pid: number): Promise<Process | undefined> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'ppid=,command=', '-p', String(pid)])
    const [, parentPid, command] = /^\s*(\d+)\s+(.*)$/m.exec(stdout) ?? []
    return parentPid === undefined || command === undefined ? undefined : { parentPid: Number(parentPid), command }
  } catch {
    return undefined
  }
}
