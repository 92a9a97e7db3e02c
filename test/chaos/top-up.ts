import { setTimeout as pause } from 'node:timers/promises'
import { toCreditText } from '../../src/accounts/credits.ts'
import { type CallerDeps, toHeaders } from './caller.ts'
import { ADMIN_KEY, TOP_UP, toAccount } from './money.ts'
import type { TopUpPlan } from './plan.ts'

/** What one of those who asked for credits was told at last; status 0: nothing. */
export type ToppedUp = { plan: TopUpPlan; caller: string; status: number }

export type TopUpDeps = Pick<CallerDeps, 'url' | 'journal' | 'over'>

/** Asks until told that the credits are there, or have been taken. */
export function topUp(plan: TopUpPlan, deps: TopUpDeps): Promise<ToppedUp[]> {
  return Promise.all(plan.callers.map((caller, place) => askFor(plan, caller, plan.gateway + place, deps)))
}

async function askFor(
  plan: TopUpPlan,
  caller: string,
  gateway: number,
  { url, journal, over }: TopUpDeps,
): Promise<ToppedUp> {
  const { path, headers, body } = toRequest(plan, caller)
  for (let tries = 0; !over.aborted; tries++) {
    try {
      const response = await fetch(`${url((gateway + tries) % 2)}${path}`, {
        method: 'POST',
        headers,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(10_000),
      })
      const text = await response.text()
      if (response.status < 500) {
        journal.note(`${plan.kind} ${plan.name} for ${caller}: ${response.status} ${text}`)
        return { plan, caller, status: response.status }
      }
    } catch {}
    await pause(200)
  }
  return { plan, caller, status: 0 }
}

function toRequest({ kind, name }: TopUpPlan, caller: string) {
  if (kind === 'voucher') return { path: '/v1/account/vouchers', headers: toHeaders({ caller }), body: { code: name } }
  return {
    path: `/admin/accounts/${toAccount(caller)}/grants`,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
    body: { id: name, amount: toCreditText(TOP_UP) },
  }
}
