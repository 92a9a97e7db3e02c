import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import { startEmbedded } from '../../src/db/embedded/start-embedded.ts'
import { migrate } from '../../src/db/migrate.ts'

/** A Postgres of its own, which is told to write down every change of a run, and can be broken. */
export type Store = {
  url: string
  /** Ends the server, which comes back on the same port. SIGINT is a restart, SIGQUIT an immediate one. */
  break(signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL'): Promise<void>
  /** All its processes stand still, as on a disk that does not answer. */
  freeze(ms: number): Promise<void>
  /** As a restart of a proxy does. */
  cutConnections(): Promise<void>
  rows<Row>(statement: string): Promise<Row[]>
  close(): Promise<void>
}

export async function startStore(): Promise<Store> {
  const folder = await mkdtemp(join(tmpdir(), 'groundwire-chaos-'))
  const server = await startEmbedded({ dataDir: folder, durable: false })
  const url = server.connectionString
  await migrate(url)
  await query(url, AUDIT)

  const readPid = async () =>
    Number((await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')[0])

  return {
    url,
    async break(signal) {
      send([await readPid()], signal)
    },
    async freeze(ms) {
      const family = familyOf(await readPid())
      send(family, 'SIGSTOP')
      await pause(ms)
      send(family, 'SIGCONT')
    },
    async cutConnections() {
      await query(
        url,
        'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
      ).catch(() => {})
    },
    rows: (statement) => query(url, statement),
    async close() {
      await server.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 20 })
    },
  }
}

/** The server's process, and those it has started. */
function familyOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
  return [pid, ...stdout.trim().split(/\s+/).map(Number)]
}

function send(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      if (pid > 1) process.kill(pid, signal)
    } catch {} // it is gone already
  }
}

// biome-ignore lint/suspicious/noExplicitAny: each statement has rows of its own
async function query(url: string, statement: string): Promise<any[]> {
  const client = new pg.Client({ connectionString: url })
  client.on('error', () => {})
  try {
    await client.connect()
    return (await client.query(statement)).rows
  } finally {
    await client.end().catch(() => {})
  }
}

/** In the transaction of the change itself: what is not there did not happen. */
const AUDIT = `
  create table audit (
    id bigserial primary key, at timestamptz not null default clock_timestamp(),
    thing text not null, op text not null, run_id text not null, row json not null
  );
  create function audit() returns trigger language plpgsql as $$
  declare changed record; stolen boolean := false;
  begin
    if tg_op = 'DELETE' then changed := old; else changed := new; end if;
    if tg_table_name = 'runs' then
      if tg_op = 'UPDATE' then
        if (old.state, old.fence, old.worker, old.outcome::text) is not distinct from
          (new.state, new.fence, new.worker, new.outcome::text) then return null; end if;
        stolen := old.state = 'running' and new.state = 'running' and old.fence <> new.fence and old.lease_until > clock_timestamp();
      end if;
      insert into audit (thing, op, run_id, row) values ('runs', tg_op, changed.id, json_build_object(
        'state', changed.state, 'fence', changed.fence, 'worker', changed.worker, 'outcome', changed.outcome, 'stolen', stolen));
    else
      insert into audit (thing, op, run_id, row) values (tg_table_name, tg_op, changed.run_id, row_to_json(changed));
    end if;
    return null;
  end $$;
  ${['runs', 'run_steps', 'run_tools', 'run_jobs']
    .map(
      (table) =>
        `create trigger audit after insert or update or delete on ${table} for each row execute function audit();`,
    )
    .join('\n')}
`
