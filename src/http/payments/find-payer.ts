import type { Request, Response } from 'express'
import { toPaidIdentity } from '../../accounts/identify/paid-identity.ts'
import type { Identity } from '../../accounts/identity.ts'
import type { RequestPayments } from './request-payments.ts'

/** Whoever pays for the request is its caller; who has not paid is nobody yet, and hears what it costs before a model is asked. */
export async function findPayer(payments: RequestPayments, req: Request, res: Response): Promise<Identity> {
  const receipt = await payments.take(req, res, undefined)
  if (receipt !== undefined) return toPaidIdentity(receipt.payer)
  return { ...toPaidIdentity(''), account: undefined, wallet: undefined, payers: [] }
}
