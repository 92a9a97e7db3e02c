import { accountKind } from '../../accounts/account-id.ts'
import type { TopUpWays } from '../accounts/top-up-ways.ts'

/** How whoever has not enough credits comes to more, for the message of a 402. */
export function toTopUpHint(account: string, { x402, deposit }: TopUpWays): string {
  const isWallet = accountKind(account) === 'wallet'
  const ways = [
    'redeem a voucher at POST /v1/account/vouchers',
    ...(deposit !== null && isWallet
      ? [`send USDC from your wallet to ${deposit.address} on ${deposit.chains.join(' or ')}`]
      : []),
    ...(x402 ? ['pay by x402 as PAYMENT-REQUIRED says'] : []),
    'ask the operator',
  ]
  return `To top up: ${ways.join('; ')}. Fewer max_tokens need less.`
}
