import type { Identity } from '../accounts/identity.ts'
import type { Ceiling } from '../accounts/ledger.ts'
import type { Payment } from '../runs/billing.ts'

/** Who pays for a caller's run, and what it counts against; undefined where nobody pays and nothing counts. */
export function toPayment(
  identity: Identity,
  { freeMode, ttlMs }: { freeMode: boolean; ttlMs: number },
): Payment | undefined {
  const { payers, account, key } = identity
  const ceilings = freeMode ? keyCeilings(identity).filter(({ unit }) => unit === 'runs') : allCeilings(identity)
  if (!freeMode) return { payers, keyId: key?.id, ceilings, isCharged: true, ttlMs }
  if (ceilings.length === 0 || account === undefined) return undefined
  return { payers: [account], keyId: key?.id, ceilings, isCharged: false, ttlMs }
}

function allCeilings(identity: Identity): readonly Ceiling[] {
  return [...keyCeilings(identity), ...memberCeilings(identity)]
}

export function keyCeilings({ key, scopes }: Identity): readonly Ceiling[] {
  if (key === undefined) return []
  const { creditsPerDay, creditsPerMonth, concurrentRuns } = scopes
  const of = { subject: `key:${key.countsAs ?? key.id}`, of: 'This key' }
  return [
    ...toCeilings(of, { creditsPerDay, creditsPerMonth }),
    ...(concurrentRuns === undefined
      ? []
      : [{ ...of, period: 'ever' as const, unit: 'runs' as const, limit: BigInt(concurrentRuns) }]),
  ]
}

/** What a member may spend of the org's credits, by whatever key. */
export function memberCeilings({ org, account }: Identity): readonly Ceiling[] {
  if (org === undefined || account === undefined) return []
  return toCeilings({ subject: `member:${org.id}:${account}`, of: 'You in this org', payer: org.id }, org)
}

function toCeilings(
  of: Pick<Ceiling, 'subject' | 'of' | 'payer'>,
  limits: { creditsPerDay: bigint | undefined; creditsPerMonth: bigint | undefined },
): readonly Ceiling[] {
  const { creditsPerDay: day, creditsPerMonth: month } = limits
  return [
    ...(day === undefined ? [] : [{ ...of, period: 'day' as const, unit: 'credits' as const, limit: day }]),
    ...(month === undefined ? [] : [{ ...of, period: 'month' as const, unit: 'credits' as const, limit: month }]),
  ]
}
