import { GatewayError } from '../errors.ts'
import { toCreditText } from './credits.ts'

/** 402 `insufficient_credits`: before the model was asked. Amounts are micro-credits. */
export class InsufficientCreditsError extends GatewayError {
  readonly needed: bigint
  readonly available: bigint
  /** Whose account it is. */
  readonly account: string

  constructor({
    needed,
    available,
    account,
    hint,
  }: { needed: bigint; available: bigint; account: string; hint?: string }) {
    super(
      `Not enough credits: this request needs up to ${toCreditText(needed)}, and ${toCreditText(available)} are available. ` +
        (hint ?? 'Top up the account, or ask for fewer max_tokens.'),
      {
        status: 402,
        code: 'insufficient_credits',
        type: 'insufficient_quota',
        details: { needed: toCreditText(needed), available: toCreditText(available), account },
      },
    )
    this.needed = needed
    this.available = available
    this.account = account
  }
}
