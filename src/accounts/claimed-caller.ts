/**
 * Whose runs those are of a wallet that somebody names and nobody proves. No account is called so: neither a claim nor the wallet
 * itself finds what the other has made.
 */
export function toClaimedCaller(wallet: string): string {
  return CLAIM + wallet
}

/** A caller as it calls itself: a wallet by its address, claimed or not. */
export function toOwnName(caller: string): string {
  return caller.startsWith(CLAIM) ? caller.slice(CLAIM.length) : caller
}

const CLAIM = 'claim:'
