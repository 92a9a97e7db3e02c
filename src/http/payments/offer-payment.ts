import type { Request, Response } from 'express'
import type { X402Desk } from '../../payments/x402/x402-desk.ts'

/** Puts PAYMENT-REQUIRED beside the error that the response is going to tell. `amount` is in micro-credits. */
export function offerPayment(
  req: Request,
  res: Response,
  {
    desk,
    amount,
    description,
    reason,
  }: { desk: Pick<X402Desk, 'offer'>; amount: bigint; description: string; reason?: string },
): void {
  const path = req.originalUrl.split('?', 1)[0] ?? '/'
  res.setHeader('payment-required', desk.offer({ amount, path, description, error: reason }))
  res.setHeader('cache-control', 'no-store')
}
