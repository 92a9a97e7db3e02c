import { randomBytes } from 'node:crypto'

type IdPrefix = 'acct' | 'org' | 'key' | 'inv' | 'vch'

/** Public ids: a prefix and 16 letters or digits. They are no secrets, and not to be guessed either. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${[...randomBytes(16)].map((byte) => LETTERS[byte % 32]).join('')}`
}

/** What does not match has no row, and might hold what Postgres does not take as text. */
export function idPattern(prefix: IdPrefix): RegExp {
  return new RegExp(`^${prefix}_[a-z0-9]{16}$`)
}

const LETTERS = 'abcdefghjkmnpqrstvwxyz0123456789' // 32 of them, so that each is as likely

/** `0x` and 40 hexadecimal digits in lower case; `org_…`; `acct_…`. Undefined where it is none of these. */
export function accountKind(id: string): 'wallet' | 'org' | 'account' | undefined {
  if (/^0x[0-9a-f]{40}$/.test(id)) return 'wallet'
  if (ORG_ID.test(id)) return 'org'
  return ACCOUNT_ID.test(id) ? 'account' : undefined
}

const ORG_ID = idPattern('org')
const ACCOUNT_ID = idPattern('acct')
