import { ExactEvmScheme } from '@x402/evm/exact/server'
import { MICRO_PER_CREDIT } from '../../accounts/credits.ts'

/** USDC on a network, and the EIP-712 domain in which its transfers are authorized. */
export type Usdc = {
  /** With its checksum. */
  asset: string
  name: string
  version: string
}

/**
 * That of the protocol's own list. One of its units is a micro-credit.
 * @throws an Error for the operator where the list has none.
 */
export async function usdcOf(network: `eip155:${number}`): Promise<Usdc> {
  const credit = await new ExactEvmScheme().parsePrice('1 USDC', network).catch(() => undefined)
  const { name, version, assetTransferMethod } = credit?.extra ?? {}
  const isKnown = credit?.amount === String(MICRO_PER_CREDIT) && assetTransferMethod === undefined
  if (!isKnown || typeof name !== 'string' || typeof version !== 'string') {
    throw new Error(`X402_NETWORK: '${network}' has no USDC that x402 knows. Base is eip155:8453.`)
  }
  return { asset: credit.asset, name, version }
}
