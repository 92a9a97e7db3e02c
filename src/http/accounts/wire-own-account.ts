import { toCreditText } from '../../accounts/credits.ts'
import type { Role } from '../../accounts/identity.ts'
import type { AccountKind, Ceiling } from '../../accounts/ledger.ts'
import type { WireBalance } from '../wire-balance.ts'
import type { TopUpWays } from './top-up-ways.ts'

/** Amounts are exact decimal texts of credits; nulls for who has no account. */
export type WireOwnAccount = {
  object: 'account'
  id: string | null
  kind: AccountKind | null
  wallet: string | null
  caller: string
  mode: 'paid' | 'free'
  balance: string | null
  held: string | null
  available: string | null
  /** That is charged for requests like this one. */
  org: ({ id: string; slug: string; role: Role; budgets: WireBudgets } & WireBalance) | null
  key: { id: string; name: string; budgets: WireBudgets } | null
  top_up: (TopUpWays & { vouchers: true }) | null
}

/** What may be spent in this day and this month (UTC); null: no such budget. */
type WireBudgets = { credits_per_day: WireBudget | null; credits_per_month: WireBudget | null }
/** `used` is spent or held. */
type WireBudget = { limit: string; used: string; available: string }

/** @param used - of each ceiling, in their order. */
export function toWireBudgets(
  ceilings: readonly Pick<Ceiling, 'period' | 'limit'>[],
  used: readonly bigint[],
): WireBudgets {
  const of = (period: Ceiling['period']): WireBudget | null => {
    const at = ceilings.findIndex((ceiling) => ceiling.period === period)
    const ceiling = ceilings[at]
    return ceiling === undefined ? null : toWireBudget(ceiling.limit, used[at] ?? 0n)
  }
  return { credits_per_day: of('day'), credits_per_month: of('month') }
}

/** A budget that was lowered may be passed already. */
function toWireBudget(limit: bigint, used: bigint): WireBudget {
  const available = limit > used ? limit - used : 0n
  return { limit: toCreditText(limit), used: toCreditText(used), available: toCreditText(available) }
}
