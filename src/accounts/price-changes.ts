import { type Kysely, sql } from 'kysely'
import type { Tables } from '../db/schema.ts'
import type { Actor } from './actor.ts'
import { appendAudit } from './audit/append-audit.ts'
import type { Rates } from './price.ts'

/** What things cost now: models by public id, tools by name. */
export type PriceList = {
  models: Readonly<Record<string, Rates>>
  toolPrices: Readonly<Record<string, bigint>>
}

/**
 * Writes to the audit log what has changed since the list was last noted, a row for each price and one for the list. Gateways
 * that start at once with the same list note it once. Returns how many prices have changed.
 */
export function notePriceList(
  db: Kysely<Tables>,
  list: PriceList,
  actor: Actor = { id: 'gateway', via: 'gateway' },
): Promise<number> {
  const after = toNoted(list)
  return db.transaction().execute(async (tx) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('price list', 0))`.execute(tx)
    const before = await lastNoted(tx)
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((subject) => before[subject] !== after[subject])
      .sort()
    for (const subject of changed) {
      await appendAudit(tx, { actor, action: 'price.changed', subject, details: toChange(before, after, subject) })
    }
    if (changed.length > 0) await appendAudit(tx, { actor, action: 'prices.noted', subject: PRICES, details: after })
    return changed.length
  })
}

/** The subject of the row that has them all. */
const PRICES = 'prices'

/** Each price as one text, by its subject in the log: `model:operator` → `prompt=200000,completion=800000`, `tool:balance` → `500`. */
type Noted = Readonly<Record<string, string>>

function toNoted({ models, toolPrices }: PriceList): Noted {
  return Object.fromEntries([
    ...Object.entries(models).map(([id, rates]) => [`model:${id}`, toRatesText(rates)]),
    ...Object.entries(toolPrices).map(([name, amount]) => [`tool:${name}`, String(amount)]),
  ])
}

/** As `DEFAULT_PRICE` has it. */
function toRatesText({ promptPerMillion, completionPerMillion, cachedPerMillion, perRun }: Rates): string {
  const words = { prompt: promptPerMillion, completion: completionPerMillion, cached: cachedPerMillion, run: perRun }
  return Object.entries(words)
    .flatMap(([word, amount]) => (amount === undefined ? [] : [`${word}=${amount}`]))
    .join(',')
}

async function lastNoted(tx: Kysely<Tables>): Promise<Noted> {
  const { rows } = await sql<{ details: string }>`
    select details::text as details from audit_log where subject = ${PRICES} and action = 'prices.noted'
    order by at desc, id desc limit 1`.execute(tx)
  return rows[0] === undefined ? {} : (JSON.parse(rows[0].details) as Noted)
}

const toChange = (before: Noted, after: Noted, subject: string) => ({
  from: before[subject] ?? null,
  to: after[subject] ?? null,
})
