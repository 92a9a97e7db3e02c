import { sql } from 'kysely'
import { BadRequestError } from '../../errors.ts'
import type { LedgerDb } from '../ledger/ledger-db.ts'

/** Days in UTC, `2026-11-22`: from the first to the last. */
export type UsageDays = { from: string; to: string }

/** Unset: 30 days up to `to`, and up to today. */
export type WantedDays = { [Name in keyof UsageDays]?: UsageDays[Name] | undefined }

/** By the store's clock. @throws {@link BadRequestError} where the first is after the last, or more than 366 days before it. */
export async function resolveDays(db: LedgerDb, { from, to }: WantedDays): Promise<UsageDays> {
  const { rows } = await sql<UsageDays & { count: number }>`
    with given as (
      select ${from ?? null}::date as from_date,
        coalesce(${to ?? null}::date, (clock_timestamp() at time zone 'UTC')::date) as to_date
    ), days as (select coalesce(from_date, to_date - 29) as from_date, to_date from given)
    select from_date::text as "from", to_date::text as "to", to_date - from_date + 1 as count from days`.execute(db)
  const [days] = rows
  if (days === undefined) throw new Error('a select of one row has none')
  if (days.count < 1) throw wrongStart(`it is after the last day, ${days.to}.`)
  if (days.count > MOST_DAYS)
    throw wrongStart(`expected at most ${MOST_DAYS} days up to ${days.to}, but got ${days.count}.`)
  return { from: days.from, to: days.to }
}

const MOST_DAYS = 366

const wrongStart = (complaint: string) =>
  new BadRequestError(`Invalid 'from': ${complaint}`, { param: 'from', code: 'invalid_value' })
