import { hash, randomBytes } from 'node:crypto'

/** `gwv_` and 25 letters or digits, 125 random bits, in groups: `gwv_7k3m9-…`. */
export function newVoucherCode(): string {
  const letters = [...randomBytes(25)].map((byte) => ALPHABET[byte % 32]).join('')
  return `gwv_${letters.match(/.{5}/g)?.join('-')}`
}

/** SHA-256 in hex of a code, as people type it: in any case, with or without dashes. Undefined where it is no code. */
export function hashVoucherCode(text: string): string | undefined {
  const [, letters = ''] = /^gwv_([a-z0-9 -]{25,60})$/.exec(text.trim().toLowerCase()) ?? []
  const bare = letters.replace(/[ -]/g, '').replace(/[il]/g, '1').replace(/o/g, '0')
  return bare.length === 25 ? hash('sha256', `gwv_${bare}`) : undefined
}

/** What may be shown of a code. */
export const toVoucherHint = (code: string): string => `${code.slice(0, 'gwv_12345'.length)}…`

/** Crockford's: no letter that is taken for another, or for a digit. 32 of them, so that each is as likely. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'
