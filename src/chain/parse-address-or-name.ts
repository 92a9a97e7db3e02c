import { type Address, getAddress } from 'viem'
import { normalize } from 'viem/ens'
import { EnsError } from './ens-error.ts'
import { redact } from './redact.ts'

export type AddressOrName = { type: 'address'; hex: Address } | { type: 'name'; name: string }

/**
 * What a caller wrote, as a checksummed address or a normalised name (ENSIP-15). Outer spaces do not matter.
 * An address in mixed case must have a right EIP-55 checksum: a typing error would name somebody else.
 * @throws {@link EnsError} `not_an_address` or `not_a_name`, which says why.
 */
export function parseAddressOrName(written: string): AddressOrName {
  const text = written.trim()
  return /^0x/i.test(text) && !text.includes('.')
    ? { type: 'address', hex: parseAddress(text) }
    : { type: 'name', name: parseName(text) }
}

function parseAddress(text: string): Address {
  const digits = text.slice(2)
  const refuse = (detail: string) => new EnsError('not_an_address', quote(text), { detail })
  if (!/^[0-9a-f]*$/i.test(digits)) throw refuse('after 0x only the digits 0-9 and a-f may stand')
  if (digits.length === 64) throw refuse('64 digits after 0x are a transaction or block hash; an address has 40')
  if (digits.length !== 40) throw refuse(`it has ${digits.length} digits after 0x and needs 40`)
  const hex = getAddress(`0x${digits.toLowerCase()}`)
  const isMixed = digits !== digits.toLowerCase() && digits !== digits.toUpperCase()
  if (isMixed && hex.slice(2) !== digits) throw refuse('its checksum is wrong, so a character may be mistyped')
  return hex
}

function parseName(text: string): string {
  const refuse = (detail: string) => new EnsError('not_a_name', quote(text), { detail })
  if (text === '') throw refuse('it is empty')
  if (/^[0-9a-f]{40}$/i.test(text)) throw refuse('an address starts with 0x')
  if (text.length > MAX_NAME_LENGTH) throw refuse(`it is longer than ${MAX_NAME_LENGTH} characters`)
  if (!text.includes('.')) throw refuse('a name has a dot, as in vitalik.eth')
  const name = attemptNormalize(text)
  if (name instanceof Error) throw refuse(`ENS does not allow it (${redact(name.message)})`)
  if (name.length > MAX_NAME_LENGTH) throw refuse(`it is longer than ${MAX_NAME_LENGTH} characters`)
  return name
}

const MAX_NAME_LENGTH = 255

function attemptNormalize(text: string): string | Error {
  try {
    return normalize(text)
  } catch (error) {
    return error instanceof Error ? error : new Error('not normalisable')
  }
}

function quote(text: string): string {
  const shown = redact(text)
  return shown.length <= 80 ? shown : `${shown.slice(0, 79)}…`
}
