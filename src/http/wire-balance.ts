import { toCreditText } from '../accounts/credits.ts'

/** What is on an account, as exact decimal texts of credits. `available` is what is not held. */
export type WireBalance = { balance: string; held: string; available: string }

export function toWireBalance({ balance, held }: { balance: bigint; held: bigint }): WireBalance {
  return { balance: toCreditText(balance), held: toCreditText(held), available: toCreditText(balance - held) }
}
