import type { RequestHandler, Response } from 'express'
import { z } from 'zod'
import { accountKind } from '../../accounts/account-id.ts'
import { toOwnName } from '../../accounts/claimed-caller.ts'
import type { Identity } from '../../accounts/identity.ts'
import type { Ceiling } from '../../accounts/ledger.ts'
import type { BillDesk } from '../../accounts/usage/create-bill-desk.ts'
import { identityOf, requireAccount } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { keyCeilings, memberCeilings } from '../payment-of.ts'
import { toWireBalance } from '../wire-balance.ts'
import type { TopUpWays } from './top-up-ways.ts'
import { toWireBudgets, type WireOwnAccount } from './wire-own-account.ts'

export type ShowAccountDeps = {
  bill: Pick<BillDesk, 'balance' | 'used'>
  freeMode: boolean
  topUpWays: TopUpWays
}

/** `GET /v1/account`: the caller's, with the org and the key of this very request. */
export function showAccount({ bill, freeMode, topUpWays }: ShowAccountDeps): RequestHandler {
  const isClaim = (res: Response) => freeMode && identityOf(res).credential === 'claim'
  return async (req, res) => {
    parseRequest(Nothing, req.query)
    res.json(isClaim(res) ? toClaimed(identityOf(res)) : await toOwn(requireAccount(res)))
  }

  async function toOwn(identity: Identity & { account: string }): Promise<WireOwnAccount> {
    const { account, caller, wallet } = identity
    const kind = accountKind(account) ?? null
    const [balance, org, key] = await Promise.all([bill.balance(account), orgOf(identity), keyOf(identity)])
    return {
      object: 'account',
      id: account,
      kind,
      wallet: wallet ?? null,
      caller,
      mode: freeMode ? 'free' : 'paid',
      ...toWireBalance(balance ?? NOTHING),
      org,
      key,
      // A deposit is credited to the wallet that sends it.
      top_up: { ...topUpWays, deposit: kind === 'wallet' ? topUpWays.deposit : null, vouchers: true },
    }
  }

  async function orgOf(identity: Identity): Promise<WireOwnAccount['org']> {
    const { org } = identity
    if (org === undefined) return null
    const [balance, budgets] = await Promise.all([bill.balance(org.id), budgetsOf(memberCeilings(identity))])
    return { id: org.id, slug: org.slug, role: org.role, ...toWireBalance(balance ?? NOTHING), budgets }
  }

  async function keyOf(identity: Identity): Promise<WireOwnAccount['key']> {
    const { key } = identity
    return key === undefined ? null : { id: key.id, name: key.name, budgets: await budgetsOf(keyCeilings(identity)) }
  }

  async function budgetsOf(ceilings: readonly Ceiling[]) {
    const budgets = ceilings.filter(({ unit }) => unit === 'credits')
    return toWireBudgets(budgets, await bill.used(budgets))
  }
}

const Nothing = z.strictObject({})
const NOTHING = { balance: 0n, held: 0n }

/** Whoever claims to be somebody has no account, and is not told of that of whom it claims to be. */
function toClaimed({ caller, wallet }: Identity): WireOwnAccount {
  return {
    object: 'account',
    id: null,
    kind: null,
    wallet: wallet ?? null,
    caller: toOwnName(caller),
    mode: 'free',
    balance: null,
    held: null,
    available: null,
    org: null,
    key: null,
    top_up: null,
  }
}
