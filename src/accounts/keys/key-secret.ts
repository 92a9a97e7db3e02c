import { hash, randomBytes } from 'node:crypto'

/** `gw_` and 256 random bits; scanners of source code find it by its prefix. */
export function newKeySecret(): { secret: string; hash: string; hint: string } {
  const secret = `gw_${randomBytes(32).toString('base64url')}`
  return { secret, hash: hashSecret(secret), hint: `${secret.slice(0, 6)}…${secret.slice(-4)}` }
}

/** All that is stored of a secret. */
export function hashSecret(secret: string): string {
  return hash('sha256', secret)
}
