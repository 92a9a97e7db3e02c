import { conflict, forbidden, GatewayError } from '../../errors.ts'

export function walletMismatch(): GatewayError {
  return forbidden('wallet_mismatch', "The wallet that pays is not that of 'x-wallet-address'. Nothing was taken.", {
    param: 'x-wallet-address',
  })
}

export function alreadyUsed(): GatewayError {
  return conflict(
    'payment_already_used',
    'This payment was used before, and is credited. Sign in with the wallet that paid to spend it, or sign a new payment.',
  )
}

export function inProgress(): GatewayError {
  return conflict(
    'payment_in_progress',
    'This payment is being settled. Send the same request again in a few seconds.',
    {
      retryAfterSec: 5,
    },
  )
}

export function facilitatorUnavailable(): GatewayError {
  return new GatewayError(
    'Payments cannot be checked right now. Nothing was taken; the same payment can be sent again.',
    {
      status: 502,
      code: 'facilitator_unavailable',
      type: 'upstream_error',
      retryAfterSec: 10,
    },
  )
}

export function unconfirmed(): GatewayError {
  return new GatewayError(
    'It is not known yet whether the payment was made. Do not sign another: send the same one again in a while. It is credited as soon as it is confirmed.',
    { status: 502, code: 'payment_unconfirmed', type: 'upstream_error', retryAfterSec: 10 },
  )
}
