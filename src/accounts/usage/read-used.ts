import { sql } from 'kysely'
import { PERIODS } from '../ledger/counters.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'
import type { Ceiling } from '../ledger.ts'

/** What is spent or held of each ceiling now, in their order. */
export async function readUsed(
  db: LedgerDb,
  ceilings: readonly Pick<Ceiling, 'subject' | 'period'>[],
): Promise<readonly bigint[]> {
  if (ceilings.length === 0) return []
  const { rows } = await sql<{ used: string }>`
    select coalesce(spent + held, 0)::text as used
    from unnest(${ceilings.map(({ subject }) => subject)}::text[], ${ceilings.map(({ period }) => period)}::text[])
      with ordinality as ceiling(subject, period, place)
    left join spend_counters on spend_counters.subject = ceiling.subject and spend_counters.period =
      case ceiling.period when 'day' then ${PERIODS.day.name} when 'month' then ${PERIODS.month.name} else 'ever' end
    order by place`.execute(db)
  return rows.map(({ used }) => BigInt(used))
}
