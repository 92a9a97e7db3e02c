import type { Logger } from 'pino'
import type { X402Desk } from './x402-desk.ts'

export type PaymentUpkeep = {
  /** After the round that is under way. */
  stop(): Promise<void>
}

/** Asks again and again for payments whose outcome was not heard. Any process may, and several at once. */
export function startPaymentUpkeep({
  desk,
  everyMs = 15_000,
  log,
}: {
  desk: Pick<X402Desk, 'reconcile'>
  everyMs?: number
  log: Pick<Logger, 'info' | 'warn'>
}): PaymentUpkeep {
  let isStopped = false
  let isFailing = false
  let round: Promise<void> | undefined
  let timer = setTimeout(tick, Math.random() * everyMs) // not all processes at once

  function tick(): void {
    round = look().finally(() => {
      if (!isStopped) timer = setTimeout(tick, everyMs)
    })
  }

  async function look(): Promise<void> {
    try {
      await desk.reconcile()
      if (isFailing) log.info('payments by x402 are looked after again')
      isFailing = false
    } catch (err) {
      if (!isFailing) log.warn({ err }, 'payments by x402 cannot be looked after for now')
      isFailing = true
    }
  }

  return {
    async stop() {
      isStopped = true
      clearTimeout(timer)
      await round
    },
  }
}
