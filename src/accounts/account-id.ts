import { randomBytes } from 'node:crypto'

/** Public ids: a prefix and 16 letters or digits. They are no secrets, and not to be guessed either. */
export function newId(prefix: 'acct' | 'org' | 'key' | 'inv' | 'vch'): string {
  return `${prefix}_${[...randomBytes(16)].map((byte) => LETTERS[byte % 32]).join('')}`
}

const LETTERS = 'abcdefghjkmnpqrstvwxyz0123456789' // 32 of them, so that each is as likely

/** `0x` and 40 hexadecimal digits in lower case; `org_…`; `acct_…`. Undefined where it is none of these. */
export function accountKind(id: string): 'wallet' | 'org' | 'account' | undefined {
  if (/^0x[0-9a-f]{40}$/.test(id)) return 'wallet'
  if (/^org_[a-z0-9]{16}$/.test(id)) return 'org'
  return /^acct_[a-z0-9]{16}$/.test(id) ? 'account' : undefined
}
