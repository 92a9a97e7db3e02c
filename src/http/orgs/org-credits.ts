import type { RequestHandler } from 'express'
import { toCreditText } from '../../accounts/credits.ts'
import type { OrgDesk } from '../../accounts/orgs/create-org-desk.ts'
import { actorOf } from '../actor-of.ts'
import { requireManage } from '../auth.ts'
import { parseRequest } from '../parse-request.ts'
import { CreditMove } from './org-fields.ts'
import { orgOf } from './org-of.ts'

/** `POST /v1/orgs/{org}/credits`: between the org and the caller's own account, once for an id. */
export function moveOrgCredits(orgs: Pick<OrgDesk, 'seat' | 'moveIn' | 'moveOut'>): RequestHandler {
  return async (req, res) => {
    const order = await orgOf(orgs, req, requireManage(res))
    const { direction, ...move } = parseRequest(CreditMove, req.body)
    const send = direction === 'in' ? orgs.moveIn : orgs.moveOut
    const { id, amount, balance, isNew } = await send({ ...order, ...move }, actorOf(req, res))
    res.json({
      id,
      object: 'org.credits',
      direction,
      amount: toCreditText(amount),
      balance: toCreditText(balance),
      repeated: !isNew,
    } satisfies WireMove)
  }
}

export type WireMove = {
  id: string
  object: 'org.credits'
  direction: 'in' | 'out'
  amount: string
  /** Of the account that gave, after it. */
  balance: string
  /** Whether it was there before. */
  repeated: boolean
}
