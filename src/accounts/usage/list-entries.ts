import { sql } from 'kysely'
import type { TransferKind } from '../../db/schema.ts'
import { toMs } from '../../db/to-ms.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import type { Page, Paged } from '../read-page.ts'

/** A line of an account's bill. */
export type BillEntry = {
  /** Also the cursor. */
  id: string
  atMs: number
  kind: TransferKind
  ref: string
  /** Negative where the account gave. */
  amount: bigint
  balance: bigint
  note: string | null
  /** Of a move: who gave, or got. */
  counterparty: string | null
  /** Of a charge: what it was for. */
  run: ChargedRun | null
}

/** Amounts are micro-credits. */
export type ChargedRun = {
  caller: string
  keyId: string | null
  model: string
  promptTokens: number
  cachedTokens: number
  completionTokens: number
  tools: readonly { name: string; calls: number; amount: bigint }[]
  writtenOff: bigint
  isEstimated: boolean
}

/** The latest first; undefined where the account has no entry `after`. */
export async function listEntries(
  db: LedgerDb,
  account: string,
  { limit, after }: Page,
): Promise<Paged<BillEntry> | undefined> {
  if (after !== undefined && !UUID.test(after)) return undefined
  const last = sql`select at, id from ledger_transfers where id = ${after}::uuid and ${account} in (debit, credit)`
  const { rows } = await sql<EntryRow>`
    with page as (
      select * from ledger_entries
      where account = ${account} and ${after === undefined ? sql`true` : sql`(at, transfer_id) < (${last})`}
      order by at desc, transfer_id desc limit ${limit + 1}
    )
    select transfer_id::text as id, kind, ref, page.amount::text, page.balance::text, note,
      ${toMs('page.at')} as "atMs",
      case kind when 'move' then (
        select case page.account when debit then credit else debit end from ledger_transfers where id = transfer_id
      ) end as counterparty,
      case when run_id is not null then json_build_object(
        'caller', caller, 'keyId', key_id, 'model', model, 'promptTokens', prompt_tokens, 'cachedTokens', cached_tokens,
        'completionTokens', completion_tokens, 'tools', tools, 'writtenOff', written_off::text, 'isEstimated', is_estimated
      ) end as run
    from page left join run_usage on kind = 'charge' and run_id = ref
    order by page.at desc, transfer_id desc`.execute(db)
  if (after !== undefined && rows.length === 0 && (await last.execute(db)).rows.length === 0) return undefined
  return { rows: rows.slice(0, limit).map(toEntry), hasMore: rows.length > limit }
}

type EntryRow = Omit<BillEntry, 'amount' | 'balance' | 'run'> & { amount: string; balance: string; run: RunRow | null }
type RunRow = Omit<ChargedRun, 'tools' | 'writtenOff'> & {
  tools: readonly { name: string; calls: number; amount: string }[]
  writtenOff: string
}

function toEntry({ amount, balance, run, ...row }: EntryRow): BillEntry {
  return { ...row, amount: BigInt(amount), balance: BigInt(balance), run: run && toRun(run) }
}

function toRun({ tools, writtenOff, ...run }: RunRow): ChargedRun {
  return {
    ...run,
    tools: tools.map((tool) => ({ ...tool, amount: BigInt(tool.amount) })),
    writtenOff: BigInt(writtenOff),
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
