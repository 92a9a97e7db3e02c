import type { PaymentPayload, PaymentRequirements } from '@x402/core/types'
import { z } from 'zod'
import { postJson } from './post-json.ts'

/** Who checks payments, and brings them on chain. Neither method rejects. */
export type Facilitator = {
  /** Nothing has happened yet, whatever it says. */
  verify(payment: FacilitatorOrder): Promise<Verdict>
  settle(payment: FacilitatorOrder): Promise<Settling>
}

export type FacilitatorOrder = { paymentPayload: PaymentPayload; paymentRequirements: PaymentRequirements }

export type Verdict = { type: 'valid' } | { type: 'refused'; reason: string } | { type: 'silent' }

/** `unknown`: the money may have moved, or may still. */
export type Settling =
  | { type: 'settled'; txHash: string }
  | { type: 'refused'; reason: string }
  | { type: 'unknown'; reason: string }

/**
 * A facilitator is the operator's choice, and not our own: what it says is held against what it was asked.
 *
 * The client of `@x402/core` would follow redirects with the payment, read answers of any size, and print to stdout.
 */
export function createFacilitator({
  url,
  verifyTimeoutMs,
  settleTimeoutMs,
}: {
  url: string
  verifyTimeoutMs: number
  settleTimeoutMs: number
}): Facilitator {
  const base = url.replace(/\/+$/, '')
  return {
    async verify(order) {
      const reply = await postJson(`${base}/verify`, toBody(order), { timeoutMs: verifyTimeoutMs })
      const said = VerifyReply.safeParse(reply?.body)
      if (reply === undefined || !said.success) return { type: 'silent' }
      const { isValid, invalidReason, payer } = said.data
      if (!isValid) return { type: 'refused', reason: toReason(invalidReason, 'unexpected_verify_error') }
      if (!isSame(payer, payerOf(order))) return { type: 'refused', reason: 'unexpected_verify_error' }
      return reply.status === 200 ? { type: 'valid' } : { type: 'silent' }
    },
    async settle(order) {
      const reply = await postJson(`${base}/settle`, toBody(order), { timeoutMs: settleTimeoutMs })
      if (reply === undefined) return { type: 'unknown', reason: 'no_answer' }
      const said = SettleReply.safeParse(reply.body)
      if (!said.success) return { type: 'unknown', reason: 'no_settle_response' }
      return said.data.success ? toSettled(order, reply.status, said.data) : toUnsettled(reply.status, said.data)
    },
  }
}

type SaidOfSettling = z.output<typeof SettleReply>

function toSettled(order: FacilitatorOrder, status: number, said: SaidOfSettling): Settling {
  const { network, amount } = order.paymentRequirements
  const lies = [
    ...(status === 200 ? [] : ['status']),
    ...(said.network === network ? [] : ['network']),
    ...(isSame(said.payer, payerOf(order)) ? [] : ['payer']),
    ...(isSame(said.amount, amount) ? [] : ['amount']),
    ...(TX_HASH.test(said.transaction ?? '') ? [] : ['transaction']),
  ]
  if (lies.length > 0) return { type: 'unknown', reason: `other_${lies.join('_')}` }
  return { type: 'settled', txHash: (said.transaction ?? '').toLowerCase() }
}

/** Only a plain no is one: what was sent to the chain may be mined later. */
function toUnsettled(status: number, { errorReason, transaction }: SaidOfSettling): Settling {
  const reason = toReason(errorReason, 'unexpected_settle_error')
  const isSent = transaction !== undefined && transaction !== null && transaction !== ''
  const isPlain = status < 500 && !isSent && !UNCERTAIN.has(reason)
  return isPlain ? { type: 'refused', reason } : { type: 'unknown', reason }
}

const UNCERTAIN: ReadonlySet<string> = new Set([
  'settlement_pending',
  'unexpected_settle_error',
  'invalid_transaction_state',
  'invalid_exact_evm_transaction_failed',
  'invalid_exact_evm_nonce_already_used',
])
const TX_HASH = /^0x[0-9a-fA-F]{64}$/

const toBody = ({ paymentPayload, paymentRequirements }: FacilitatorOrder) => ({
  x402Version: 2,
  paymentPayload,
  paymentRequirements,
})

function payerOf({ paymentPayload }: FacilitatorOrder): string {
  const { from } = paymentPayload.payload.authorization as { from: string }
  return from
}

/** What is left out is no lie. */
const isSame = (said: string | null | undefined, asked: string) =>
  said === undefined || said === null || said.toLowerCase() === asked.toLowerCase()

/** A word of the protocol; anything else may be text of whoever. */
const toReason = (said: string | null | undefined, otherwise: string) =>
  /^[a-z0-9_]{1,80}$/.test(said ?? '') ? String(said) : otherwise

const text = z.string().nullish()
const VerifyReply = z.object({ isValid: z.boolean(), invalidReason: text, payer: text })
const SettleReply = z.object({
  success: z.boolean(),
  errorReason: text,
  payer: text,
  transaction: text,
  network: text,
  amount: text,
})
