import type { Logger } from 'pino'
import type { Actor } from '../../accounts/actor.ts'
import type { LedgerDb } from '../../accounts/ledger/ledger-db.ts'
import { toChainErrorMessage } from '../../chain/chain-error.ts'
import { isUniqueViolation } from '../../db/store-error.ts'
import type { Facilitator, FacilitatorOrder } from './facilitator.ts'
import type { FindTransfer } from './find-transfer.ts'
import {
  type Conclusion,
  creditPayment,
  failPayment,
  type OpenPayment,
  postponePayment,
  readConclusion,
} from './payment-store.ts'

export type ConcludeDeps = {
  db: LedgerDb
  facilitator: Facilitator
  /** Undefined: the chain is not asked, and a payment whose outcome nobody tells has failed once it is void. */
  findTransfer: FindTransfer | undefined
  log: Pick<Logger, 'warn' | 'error'>
}

/**
 * Brings a claimed payment to its end where its outcome can be known, and leaves it open where not.
 * @param isRetry - a facilitator was asked before: then its no says nothing, as it may have settled the payment that time.
 */
export async function concludePayment(
  deps: ConcludeDeps,
  { payment, order, isRetry, actor }: { payment: OpenPayment; order: FacilitatorOrder; isRetry: boolean; actor: Actor },
): Promise<Conclusion> {
  const { db, facilitator, log } = deps
  const onChain = isRetry ? await askChain(deps, payment) : undefined
  if (onChain?.type === 'found') return credit(deps, { payment, txHash: onChain.txHash, actor })
  if (onChain?.type === 'spent' || (onChain?.type === 'unused' && payment.isOver)) {
    return fail(deps, payment, onChain.type === 'spent' ? 'authorization_spent' : 'authorization_expired')
  }
  const settling = await facilitator.settle(order)
  if (settling.type === 'settled') return credit(deps, { payment, txHash: settling.txHash, actor })
  const { reason } = settling
  if (settling.type === 'refused' && !isRetry) return fail(deps, payment, reason)
  if (payment.isOver && deps.findTransfer === undefined) {
    log.error(
      { payment: toShown(payment), reason },
      'A payment by x402 has no known outcome, and is void by now. Look on chain whether it was made; if so, grant its account the credits.',
    )
    return fail(deps, payment, reason)
  }
  const isOpen = await postponePayment(db, payment, reason)
  if (!isOpen) return readConclusion(db, payment)
  log.warn(
    { payment: toShown(payment), reason },
    'A payment by x402 was not confirmed; it is going to be asked for again.',
  )
  return { type: 'open' }
}

async function credit(
  { db, log }: ConcludeDeps,
  { payment, txHash, actor }: { payment: OpenPayment; txHash: string; actor: Actor },
): Promise<Conclusion> {
  try {
    const isCredited = (await creditPayment(db, { payment, txHash, actor })) !== undefined
    return isCredited ? { type: 'settled', txHash } : await readConclusion(db, payment)
  } catch (error) {
    if (!isUniqueViolation(error, 'once_per_transaction')) throw error
    log.error(
      { payment: toShown(payment), txHash },
      'A payment by x402 was said to be made by the transaction of another one: it is not credited.',
    )
    await postponePayment(db, payment, 'other_payment')
    return { type: 'open' }
  }
}

async function fail({ db }: ConcludeDeps, payment: OpenPayment, reason: string): Promise<Conclusion> {
  return (await failPayment(db, payment, reason)) ? { type: 'failed', reason } : readConclusion(db, payment)
}

async function askChain({ findTransfer, log }: ConcludeDeps, payment: OpenPayment) {
  try {
    return await findTransfer?.(payment)
  } catch (error) {
    log.warn(
      { payment: toShown(payment), reason: toChainErrorMessage(error) },
      'The chain could not be asked for a payment by x402.',
    )
    return undefined
  }
}

const toShown = ({ network, payer, nonce, account, amount }: OpenPayment) => ({
  network,
  payer,
  nonce,
  account,
  amount: String(amount),
})
