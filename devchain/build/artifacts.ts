import { readFileSync } from 'node:fs'
import { createRequire, findPackageJSON } from 'node:module'
import type { Abi, Hex } from 'viem'
import { z } from 'zod'
import { loadCompiled } from '../compile.ts'

/** Creation code and the ABI to call it by. */
export type Artifact = { abi: Abi; bytecode: Hex }

export type Artifacts = Record<
  | 'ensRegistry'
  | 'reverseRegistrar'
  | 'publicResolver'
  | 'aggregator'
  | 'feedProxy'
  | 'multicall3'
  | 'universalResolver'
  | 'offchainResolver'
  | 'token'
  | 'legacyToken',
  Artifact
>

/** Where each contract's bytecode comes from. Only permissive licences: the genesis carries it on. See NOTICE. */
export async function loadArtifacts(): Promise<Artifacts> {
  const { contracts: ours } = await loadCompiled()
  const own = (name: string): Artifact => {
    const artifact = ours[name]
    if (artifact === undefined) throw new Error(`devchain/compiled.json has no ${name}`)
    return artifact
  }
  return {
    ensRegistry: fromPackage('@ensdomains/ens-archived-contracts/abis/ens/ENSRegistry.json'),
    reverseRegistrar: fromPackage('@ensdomains/ens-archived-contracts/abis/resolver/ReverseRegistrar.json'),
    publicResolver: fromPackage('@ensdomains/ens-archived-contracts/abis/resolver/PublicResolver.json'),
    aggregator: fromPackage('@chainlink/abi/v0.6/FluxAggregator.json'),
    feedProxy: fromPackage('@chainlink/abi/v0.6/EACAggregatorProxy.json'),
    multicall3: { abi: [], bytecode: await multicall3Bytecode() },
    universalResolver: own('DevUniversalResolver'),
    offchainResolver: own('DevOffchainResolver'),
    token: own('DevToken'),
    legacyToken: own('DevLegacyToken'),
  }
}

/** Versions of the packages the genesis is made from. */
export function sourceVersions(): Record<string, string> {
  return Object.fromEntries(PACKAGES.map((name) => [name, packageVersion(name)]))
}

const PACKAGES = [
  '@aave-dao/aave-address-book',
  '@chainlink/abi',
  '@ensdomains/ens-archived-contracts',
  '@openzeppelin/contracts',
  'viem',
]

const require = createRequire(import.meta.url)

const ArtifactFile = z.object({ abi: z.array(z.unknown()), bytecode: z.string().regex(/^0x[0-9a-f]+$/i) })

function fromPackage(path: string): Artifact {
  const { abi, bytecode } = ArtifactFile.parse(require(path))
  return { abi: abi as Abi, bytecode: bytecode as Hex }
}

/** viem deploys Multicall3 from this constant where a chain lacks it, but does not export it. */
async function multicall3Bytecode(): Promise<Hex> {
  const constants = await import(new URL('./constants/contracts.js', import.meta.resolve('viem')).href)
  return z.object({ multicall3Bytecode: z.string().regex(/^0x[0-9a-f]+$/) }).parse(constants).multicall3Bytecode as Hex
}

function packageVersion(name: string): string {
  const file = findPackageJSON(name, import.meta.url)
  if (file === undefined) throw new Error(`${name} is not installed`)
  return z.object({ version: z.string() }).parse(JSON.parse(readFileSync(file, 'utf8'))).version
}
