import type { Identity } from '../identity.ts'

/** Of a wallet that has paid for the very request: it spends what is in its account, and changes nothing. */
export function toPaidIdentity(wallet: string): Identity {
  return {
    caller: wallet,
    credential: 'payment',
    account: wallet,
    wallet,
    key: undefined,
    org: undefined,
    payers: [wallet],
    scopes: {},
  }
}
