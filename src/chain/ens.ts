import { type Address, getAddress, namehash, type PublicClient, parseAbi } from 'viem'
import { normalize } from 'viem/ens'
import type { ResolvedAddress } from './chain-session.ts'
import { EnsError, toEnsError } from './ens-error.ts'
import { parseAddressOrName } from './parse-address-or-name.ts'

export type ResolveAddressDeps = {
  /** A mainnet client, wherever the address is then used; made only when there is a name to look up. */
  mainnet: () => PublicClient
  /** Names resolved before, at the same block. */
  resolved: Map<string, Address>
}

/**
 * An address, or an ENS name (looked up on mainnet, strictly) to its address.
 * @throws {@link EnsError} that tells apart no such name, no resolver, no address, a failing resolver, an off-chain name.
 */
export async function resolveAddress(
  { mainnet, resolved }: ResolveAddressDeps,
  written: string,
): Promise<ResolvedAddress> {
  const parsed = parseAddressOrName(written)
  if (parsed.type === 'address') return { hex: parsed.hex, name: null, label: parsed.hex }
  const { name } = parsed
  const hex = resolved.get(name) ?? (await lookUpAddress(mainnet(), name))
  resolved.set(name, hex)
  return { hex, name, label: name }
}

/**
 * The name an address goes by, or null where it has set none. Verified: the name points back to the address.
 * @param mainnet - ENS lives there, whichever chain the address is used on.
 * @throws {@link EnsError} `not_verified` where the name belongs to another address, `not_normal` where it is no name.
 */
export async function primaryName(mainnet: PublicClient, address: Address): Promise<string | null> {
  try {
    const name = await mainnet.getEnsName({ address, strict: true })
    // Anyone may claim any text; one that reads like another name must not be shown as a name.
    if (name !== null && !isNormal(name)) throw new EnsError('not_normal', address)
    return name
  } catch (error) {
    const known = toEnsError(error, address)
    if (known.kind === 'no_resolver' || known.kind === 'no_address') return null
    throw known
  }
}

/** Unpacks the tables of ENSIP-15, which would cost the first name that is asked for a tenth of a second. */
export function warmUpNames(): void {
  normalize('warm.eth')
}

async function lookUpAddress(mainnet: PublicClient, name: string): Promise<Address> {
  try {
    const address = await mainnet.getEnsAddress({ name, strict: true })
    if (address === null) throw new EnsError('no_address', name)
    return getAddress(address)
  } catch (error) {
    const known = toEnsError(error, name)
    // The Universal Resolver says the same of a name nobody has registered.
    if (known.kind === 'no_resolver' && !(await isInRegistry(mainnet, name))) throw new EnsError('no_such_name', name)
    throw known
  }
}

function isNormal(name: string): boolean {
  try {
    return normalize(name) === name
  } catch {
    return false
  }
}

const REGISTRY = '0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e'
const registryAbi = parseAbi(['function recordExists(bytes32 node) view returns (bool)'])

async function isInRegistry(mainnet: PublicClient, name: string): Promise<boolean> {
  const args = [namehash(name)] as const
  try {
    return await mainnet.readContract({ address: REGISTRY, abi: registryAbi, functionName: 'recordExists', args })
  } catch (error) {
    throw toEnsError(error, name)
  }
}
