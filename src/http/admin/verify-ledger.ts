import type { RequestHandler } from 'express'
import type { AdminDesk } from '../../accounts/admin/create-admin-desk.ts'

/** `GET /admin/ledger/verify`: 200 also where something is wrong; `ok` says it. */
export function verifyLedger(desk: Pick<AdminDesk, 'verifyLedger'>): RequestHandler {
  return async (_req, res) => {
    const invariants = await desk.verifyLedger()
    res.json({ object: 'ledger.report', ok: invariants.every(({ found }) => found === 0), invariants })
  }
}
