import { type Kysely, sql } from 'kysely'
import type { Tables } from '../../src/db/schema.ts'
import type { Note } from './note.ts'
import { TTL_MS } from './play.ts'

/** @returns what was acknowledged and is not so, or was done before its time. */
export async function judge(db: Kysely<Tables>, notes: readonly Note[]): Promise<string[]> {
  const holds = await readHolds(db)
  const postings = await readPostings(db)
  const settled = new Set<string>()
  const posted = new Set<string>()
  const wrongs = notes.flatMap((note): string[] => {
    switch (note.act) {
      case 'wrong':
        return [note.text]
      case 'held':
      case 'extended':
      case 'settled':
      case 'over': {
        const row = holds.get(note.runId)
        if (row === undefined) return [`${note.runId} was ${note.act}, and has no hold`]
        if (note.act !== 'settled') return judgeHold(note, row)
        const isTwice = settled.has(note.runId)
        settled.add(note.runId)
        return [...judgeSettled(note, row), ...(isTwice ? [`${note.runId} was settled twice`] : [])]
      }
      case 'posted': {
        const id = `${note.kind} ${note.ref}`
        const isTwice = note.isNew && posted.has(id)
        if (note.isNew) posted.add(id)
        const row = postings.get(id)
        const isThere = row?.credit === note.account && row.amount === note.amount
        return [
          ...(isThere ? [] : [`${id} was acknowledged, and is not there`]),
          ...(isTwice ? [`${id} was new twice`] : []),
        ]
      }
      default:
        return []
    }
  })
  return [...wrongs, ...[...holds.values()].flatMap(judgeTime)]
}

type HoldRow = {
  runId: string
  account: string
  amount: string
  state: string
  settled: string
  charged: string
  billed: string | null
  openMs: number
  overdueMs: number
}

async function readHolds(db: Kysely<Tables>): Promise<Map<string, HoldRow>> {
  const { rows } = await sql<HoldRow>`
    select holds.run_id as "runId", holds.account, holds.amount::text, state, settled::text,
      coalesce(charge.amount, 0)::text as charged, run_usage.amount::text as billed,
      (extract(epoch from coalesce(closed_at, clock_timestamp()) - holds.created_at) * 1000)::float8 as "openMs",
      (extract(epoch from clock_timestamp() - deadline) * 1000)::float8 as "overdueMs"
    from holds left join ledger_transfers as charge on kind = 'charge' and ref = holds.run_id
      left join run_usage on run_usage.run_id = holds.run_id`.execute(db)
  return new Map(rows.map((row) => [row.runId, row]))
}

async function readPostings(db: Kysely<Tables>): Promise<Map<string, { credit: string; amount: string }>> {
  const { rows } = await sql<{ id: string; credit: string; amount: string }>`
    select kind || ' ' || ref as id, credit, amount::text from ledger_transfers`.execute(db)
  return new Map(rows.map((row) => [row.id, row]))
}

function judgeHold(note: Extract<Note, { act: 'held' | 'extended' | 'over' }>, row: HoldRow): string[] {
  if (note.act === 'over') return row.state === 'open' ? [`${note.runId} was over, and its hold is open`] : []
  const isOther = note.act === 'held' && row.account !== note.account
  if (!isOther && BigInt(row.amount) >= BigInt(note.amount)) return []
  return [`${note.runId} was ${note.act} for ${note.amount}, and holds ${row.amount} of ${row.account}`]
}

function judgeSettled({ runId, account, charged }: Extract<Note, { act: 'settled' }>, row: HoldRow): string[] {
  const isDone = ['settled', 'released'].includes(row.state) && row.account === account
  const isRight = [row.settled, row.charged, row.billed].every((amount) => amount === charged)
  return isDone && isRight ? [] : [`${runId} was settled at ${charged}, and is ${JSON.stringify(row)}`]
}

/** A hold stays open as long as its run may take, and no longer; once players are gone, nobody else closes it. */
function judgeTime({ runId, state, openMs, overdueMs }: HoldRow): string[] {
  if (state === 'expired' && openMs < TTL_MS - SLACK_MS) return [`${runId} expired after ${Math.round(openMs)} ms`]
  return state === 'open' ? [`${runId} was left open, ${Math.round(overdueMs)} ms after its deadline`] : []
}

const SLACK_MS = 50
