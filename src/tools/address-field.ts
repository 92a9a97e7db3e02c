import { z } from 'zod'
import type { ResolvedAddress } from '../chain/chain-session.ts'
import { parseAddressOrName } from '../chain/parse-address-or-name.ts'

const WRITTEN: unique symbol = Symbol('address as it was written')
type WrittenAddress = { [WRITTEN]: string }

/**
 * An address or an ENS name. `execute` gets a {@link ResolvedAddress}: the schema only remembers what was written,
 * since resolving it needs the run's chain, and `runTool` then puts the address in its place.
 */
export const addressOrName = z
  .string('must be an 0x address or an ENS name')
  .trim()
  .min(1, 'must be an 0x address or an ENS name')
  .max(255, 'is longer than any address or ENS name')
  .transform((text, issues): ResolvedAddress => {
    try {
      parseAddressOrName(text)
    } catch (error) {
      issues.addIssue({
        code: 'custom',
        message: error instanceof Error ? error.message.replace(/\.$/, '') : 'is not an address',
      })
      return z.NEVER
    }
    return { [WRITTEN]: text } as unknown as ResolvedAddress
  })
  .meta({ description: 'An 0x address, or an ENS name such as vitalik.eth', format: 'address' })

/** `value` with every written address, however deep, replaced by what it resolves to; all of them in the same tick. */
export async function resolveAddresses<T>(
  value: T,
  resolve: (addressOrName: string) => Promise<ResolvedAddress>,
): Promise<T> {
  const known = new Map<string, Promise<ResolvedAddress>>()
  return (await walk(value)) as T

  async function walk(part: unknown): Promise<unknown> {
    if (typeof part !== 'object' || part === null) return part
    if (isWritten(part)) return resolveOnce(part[WRITTEN])
    if (Array.isArray(part)) return Promise.all(part.map(walk))
    if (!isPlainObject(part)) return part
    const entries = Object.entries(part).map(async ([key, item]) => [key, await walk(item)] as const)
    return Object.fromEntries(await Promise.all(entries))
  }

  function resolveOnce(text: string): Promise<ResolvedAddress> {
    const found = known.get(text) ?? resolve(text)
    known.set(text, found)
    return found
  }
}

function isWritten(value: object): value is WrittenAddress {
  return WRITTEN in value
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
