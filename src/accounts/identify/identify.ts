import { toClaimedCaller } from '../claimed-caller.ts'
import type { Identity, OrgSeat } from '../identity.ts'
import { hashSecret } from '../keys/key-secret.ts'
import { chooseOrg } from './choose-org.ts'
import type { FindCredential, StoredCredential } from './find-credential.ts'
import { ownKind, parseBearer } from './parse-bearer.ts'
import { parseWallet } from './parse-wallet.ts'
import { ipNotAllowed, missingKey, nobody, walletMismatch, wrongKey } from './refusals.ts'

/** What a request says of who sends it, as it was sent. */
export type Credentials = {
  authorization: string | undefined
  /** `x-wallet-address`. */
  wallet: string | undefined
  /** Ids or slugs of the org to charge: one a header that names one. */
  orgs: readonly string[]
  ip: string | undefined
}

/**
 * Who sends a request, and what they may do. Rejects with a GatewayError: 401 without a credential that counts, 403 where it
 * does not allow what the request says, 503 while the store cannot be reached.
 */
export type Identify = (credentials: Credentials) => Promise<Identity>

export type IdentifyDeps = {
  /** Claims count, and nobody pays. A key or a session of ours is held to what it says there too. */
  freeMode: boolean
  find: FindCredential
  /** A key has been used. */
  noteUse?: (keyId: string) => void
  /** Names no caller, in free mode neither: it opens the admin routes alone. */
  adminKey?: string | undefined
}

export function createIdentify({ freeMode, find, noteUse, adminKey }: IdentifyDeps): Identify {
  const adminHash = adminKey && hashSecret(adminKey)
  return async ({ authorization, wallet: walletHeader, orgs, ip }) => {
    const wallet = parseWallet(walletHeader)
    const token = parseBearer(authorization)
    const kind = token === undefined ? undefined : ownKind(token)
    if (token === undefined || kind === undefined) {
      const isAdmin = token !== undefined && adminHash !== undefined && hashSecret(token) === adminHash
      if (freeMode && !isAdmin) return toClaim(wallet, token)
      throw token === undefined ? missingKey() : wrongKey(token)
    }
    const found = await find({ kind, hash: hashSecret(token) })
    if (found === undefined) throw wrongKey(token)
    if (wallet !== undefined && wallet !== found.wallet) throw walletMismatch()
    if (found.ips !== undefined && !found.ips(ip ?? '')) throw ipNotAllowed()
    const org = chooseOrg(found, orgs)
    if (found.key !== undefined) noteUse?.(found.key.id)
    return toIdentity(found, org, freeMode)
  }
}

/** By the wallet, or by `key_` and the start of the key's SHA-256: fit for a log, and never the name of an account. */
function toClaim(wallet: string | undefined, token: string | undefined): Identity {
  const caller = wallet === undefined ? token && `key_${hashSecret(token).slice(0, 12)}` : toClaimedCaller(wallet)
  if (caller === undefined) throw nobody()
  return {
    caller,
    credential: 'claim',
    account: undefined,
    wallet,
    key: undefined,
    org: undefined,
    payers: [],
    scopes: {},
  }
}

function toIdentity(found: StoredCredential, org: OrgSeat | undefined, freeMode: boolean): Identity {
  const { kind, account, wallet, key, scopes } = found
  const payers = freeMode ? [] : payersOf(found, org)
  return { caller: account, credential: kind, account, wallet, key, org, payers, scopes }
}

function payersOf({ account, orgMode }: StoredCredential, org: OrgSeat | undefined): readonly string[] {
  if (org === undefined) return [account]
  const own = orgMode === 'fallback' && account !== org.id ? [account] : []
  return org.role === 'viewer' ? own : [org.id, ...own]
}
