import { isAddress } from 'viem/utils'

/** A wallet in lower case; undefined where the text is none, or its checksum is wrong. */
export function toWallet(text: string): string | undefined {
  const digits = text.slice(2)
  // EIP-55 speaks in mixed case alone: one case throughout carries no checksum.
  const strict = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  return isAddress(text, { strict }) ? text.toLowerCase() : undefined
}
