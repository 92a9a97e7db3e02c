import type { Config } from '../../src/config.ts'
import type { Database } from '../../src/db/database.ts'
import { findRunning } from '../../src/db/embedded/connection-string.ts'
import { FolderInUseError } from '../../src/db/embedded/folder-lock.ts'
import { openDatabase } from '../../src/db/open-database.ts'

/** The store that the gateway would use; beside one that runs the embedded server, that server. */
export async function openStore({ databaseUrl, dataDir }: Pick<Config, 'databaseUrl' | 'dataDir'>): Promise<Database> {
  try {
    return await openDatabase({ databaseUrl, dataDir })
  } catch (error) {
    const running = error instanceof FolderInUseError ? await findRunning(dataDir) : undefined
    if (running === undefined) throw error
    return openDatabase({ databaseUrl: running, dataDir })
  }
}
