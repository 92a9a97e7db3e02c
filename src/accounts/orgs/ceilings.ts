import { type RawBuilder, sql } from 'kysely'
import type { Ceilings } from './org.ts'

export type CeilingsRow = { creditsPerDay: string | null; creditsPerMonth: string | null }

/** Of `org_members` and `org_invitations`. */
export const CEILING_COLUMNS: RawBuilder<CeilingsRow> = sql`
  credits_per_day::text as "creditsPerDay", credits_per_month::text as "creditsPerMonth"`

export function toCeilings({ creditsPerDay, creditsPerMonth }: CeilingsRow): Ceilings {
  return { creditsPerDay: toAmount(creditsPerDay), creditsPerMonth: toAmount(creditsPerMonth) }
}

const toAmount = (text: string | null) => (text === null ? null : BigInt(text))
