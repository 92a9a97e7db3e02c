import {
  type Address,
  encodeFunctionData,
  getAddress,
  type Hex,
  labelhash,
  namehash,
  toHex,
  zeroAddress,
  zeroHash,
} from 'viem'
import { base, mainnet } from 'viem/chains'
import { toCoinType } from 'viem/ens'
import type { MetaName } from '../meta.ts'
import type { Artifacts } from './artifacts.ts'
import { type Builder, derivedAddress } from './builder.ts'
import type { Name } from './world.ts'

/** ENS as it stands on mainnet. The registry and the two others are at the addresses ENS deployed them to in 2020. */
export const ENS_CONTRACTS = {
  ensRegistry: getAddress('0x00000000000C2E074eC69A0dFb2997BA6C7d2e1e'),
  publicResolver: getAddress('0x4976fb03c32e5b8cfe2b6ccb31c09ba78ebaba41'),
  reverseRegistrar: getAddress('0x084b1c3c81545d370f3634392de611caabff8148'),
  universalResolver: getAddress(mainnet.contracts.ensUniversalResolver.address),
  offchainResolver: derivedAddress('offchain resolver'),
} as const

const OFFCHAIN_URL = 'https://gateway.offchain.example/{sender}/{data}.json'

type EnsDeps = { builder: Builder; artifacts: Artifacts; operator: Address; addressOf(label: string): Address }

/** Places ENS, registers every name and sets the reverse records. */
export async function buildEns(deps: EnsDeps, names: readonly Name[]): Promise<MetaName[]> {
  const { builder, artifacts, operator, addressOf } = deps
  const at = ENS_CONTRACTS
  await builder.place(at.ensRegistry, artifacts.ensRegistry)
  await builder.place(at.publicResolver, artifacts.publicResolver, [at.ensRegistry])
  await builder.place(at.reverseRegistrar, artifacts.reverseRegistrar, [at.ensRegistry, at.publicResolver])
  await builder.place(at.universalResolver, artifacts.universalResolver, [at.ensRegistry])
  await builder.place(at.offchainResolver, artifacts.offchainResolver, [OFFCHAIN_URL])
  for (const [parent, label, owner] of [
    ['', 'eth', operator],
    ['', 'reverse', operator],
    ['reverse', 'addr', at.reverseRegistrar],
  ] as const) {
    await builder.send(operator, at.ensRegistry, artifacts.ensRegistry, 'setSubnodeOwner', [
      parent === '' ? zeroHash : namehash(parent),
      labelhash(label),
      owner,
    ])
  }
  for (const name of names) await register(deps, name)
  for (const { name, claimedBy = [] } of names) {
    for (const claimant of claimedBy) {
      const args = [name]
      await builder.send(addressOf(claimant), at.reverseRegistrar, artifacts.reverseRegistrar, 'setName', args)
    }
  }
  return names.map((name) => toMetaName(name, addressOf))
}

async function register({ builder, artifacts, operator, addressOf }: EnsDeps, name: Name): Promise<void> {
  const [label = '', ...parents] = name.name.split('.')
  const parent = parents.join('.')
  const owner = addressOf(name.owner)
  const resolver = {
    none: zeroAddress,
    offchain: ENS_CONTRACTS.offchainResolver,
    public: ENS_CONTRACTS.publicResolver,
  }[name.resolver ?? 'public']
  const registrar = parent === 'eth' ? operator : owner
  const { ensRegistry, publicResolver } = ENS_CONTRACTS
  const record = [namehash(parent), labelhash(label), owner, resolver, 0n]
  await builder.send(registrar, ensRegistry, artifacts.ensRegistry, 'setSubnodeRecord', record)
  const calls = toRecordCalls(name, artifacts, addressOf)
  if (calls.length > 0) await builder.send(owner, publicResolver, artifacts.publicResolver, 'multicall', [calls])
}

function toRecordCalls(
  name: Name,
  { publicResolver: { abi } }: Artifacts,
  addressOf: (label: string) => Address,
): Hex[] {
  const node = namehash(name.name)
  const setAddr = (coinType: bigint, label: string) =>
    encodeFunctionData({ abi, functionName: 'setAddr', args: [node, coinType, addressOf(label)] })
  return [
    ...(name.address === undefined ? [] : [setAddr(60n, name.address)]),
    ...(name.baseAddress === undefined ? [] : [setAddr(toCoinType(base.id), name.baseAddress)]),
    ...Object.entries(name.texts ?? {}).map(([key, value]) =>
      encodeFunctionData({ abi, functionName: 'setText', args: [node, key, value] }),
    ),
  ]
}

function toMetaName(name: Name, addressOf: (label: string) => Address): MetaName {
  const claimants = name.claimedBy ?? []
  return {
    name: name.name,
    owner: addressOf(name.owner),
    address: name.address === undefined ? null : addressOf(name.address),
    resolver: name.resolver ?? 'public',
    coins: name.baseAddress === undefined ? {} : { [toHex(toCoinType(base.id))]: addressOf(name.baseAddress) },
    texts: name.texts ?? {},
    primaryOf: claimants.filter((label) => label === name.address).map(addressOf),
    falselyClaimedBy: claimants.filter((label) => label !== name.address).map(addressOf),
  }
}
