import { tokens as listedTokens } from '@aave-dao/aave-address-book/tokenlist'
import { type Address, getAddress, parseUnits, stringToHex } from 'viem'
import type { MetaToken } from '../meta.ts'
import type { Artifacts } from './artifacts.ts'
import { type Builder, derivedAddress } from './builder.ts'
import type { Token } from './world.ts'

type TokenDeps = {
  builder: Builder
  artifacts: Artifacts
  operator: Address
  whale: Address
  addressOf(label: string): Address
}

const FAKE_DECIMALS = 6
const WHALE_AMOUNT = '100000000'

/** Places a token and mints what its holders have at the tip, and a lot for the whale. */
export async function buildToken(deps: TokenDeps, chainId: number, token: Token): Promise<MetaToken> {
  const { builder, artifacts, operator, whale, addressOf } = deps
  const { symbol, name, decimals, address } = identify(chainId, token)
  const artifact = token.kind === 'legacy' ? artifacts.legacyToken : artifacts.token
  const texts = token.kind === 'legacy' ? [name, symbol].map((text) => stringToHex(text, { size: 32 })) : [name, symbol]
  await builder.place(address, artifact, [...texts, decimals, operator])
  const holders = Object.entries(token.held).map(([label, amount]) => {
    return { label, address: addressOf(label), raw: String(parseUnits(amount, decimals)) }
  })
  for (const holder of holders) {
    await builder.send(operator, address, artifact, 'mint', [holder.address, BigInt(holder.raw)])
  }
  await builder.send(operator, address, artifact, 'mint', [whale, parseUnits(WHALE_AMOUNT, decimals)])
  return { symbol, name, decimals, address, kind: token.kind ?? 'listed', holders }
}

function identify(
  chainId: number,
  { symbol, name, kind }: Token,
): { symbol: string; name: string; decimals: number; address: Address } {
  if (kind === 'fake' && name !== undefined) {
    return { symbol, name, decimals: FAKE_DECIMALS, address: derivedAddress(`token ${symbol}`) }
  }
  const found = listedTokens.filter(
    (token) => token.chainId === chainId && token.symbol === symbol && (name === undefined || token.name === name),
  )
  const [token, ...others] = found
  if (token === undefined || others.length > 0) {
    throw new Error(`Aave's list has ${found.length} tokens ${symbol} on chain ${chainId}`)
  }
  return { symbol, name: token.name, decimals: token.decimals, address: getAddress(token.address) }
}
