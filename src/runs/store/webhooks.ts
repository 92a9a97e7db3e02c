import { sql } from 'kysely'
import type { DueWebhook } from '../run-store.ts'
import { fromStoredJson } from '../stored-json.ts'
import { isRunId, RUN_COLUMNS, type RunRow, toRunRecord } from './run-row.ts'
import type { StoreDb } from './store-deps.ts'
import { afterMs, NOW } from './times.ts'

/** For whom one is sent has so long to say how that went; then it is due again. */
const SENDING_MS = 60_000

type WebhookRow = RunRow & { webhook: string; tries: number }

/** A try counts from here on, as whoever makes it may die before it can tell. */
export async function dueWebhooks(db: StoreDb, limit: number): Promise<readonly DueWebhook[]> {
  const { rows } = await sql<WebhookRow>`
    with due as (
      select id as due_id from runs where webhook_at <= ${NOW}
      order by webhook_at limit ${limit} for no key update skip locked
    )
    update runs set webhook_at = ${afterMs(SENDING_MS)}, webhook_tries = webhook_tries + 1 from due where id = due_id
    returning ${RUN_COLUMNS}, webhook::text as webhook, webhook_tries - 1 as tries`.execute(db)
  return rows.map((row) => ({
    run: toRunRecord(row),
    ...fromStoredJson<{ url: string; secret: string }>(row.webhook),
    tries: row.tries,
  }))
}

/** What is done with is forgotten, its secret above all. */
export async function noteWebhook(db: StoreDb, id: string, retryInMs: number | undefined): Promise<void> {
  if (!isRunId(id)) return
  const change =
    retryInMs === undefined ? sql`webhook = null, webhook_at = null` : sql`webhook_at = ${afterMs(retryInMs)}`
  await sql`update runs set ${change} where id = ${id} and webhook_at is not null`.execute(db)
}
