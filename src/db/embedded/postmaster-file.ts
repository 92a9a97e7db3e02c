import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a running server says of itself, in `postmaster.pid`. */
export type PostmasterFile = {
  pid: string
  port: number | undefined
  ready: boolean
  /** Tells this start of the server from others. */
  start: string
}

/** Undefined where no server runs, or one was ended so hard that it left nothing. It may be a dead server's. */
export async function readPostmasterFile(folder: string): Promise<PostmasterFile | undefined> {
  const text = await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => undefined)
  // https://www.postgresql.org/docs/18/storage-file-layout.html: pid, folder, start time, port, socket folder, address, memory
  const [pid, , startedAt, port, , , , status] = text?.split('\n') ?? []
  if (pid === undefined || !/^\d+$/.test(pid)) return undefined
  return {
    pid,
    port: port === undefined || port === '' ? undefined : Number(port),
    ready: status?.trim() === 'ready',
    start: `${pid} ${startedAt}`,
  }
}
