import { mkdir, writeFile } from 'node:fs/promises'
import { brotliCompressSync } from 'node:zlib'
import { type Address, getAddress, parseEther } from 'viem'
import { mainnet } from 'viem/chains'
import { startAnvil } from './anvil.ts'
import { findAnvil } from './anvil-binary.ts'
import { type Artifacts, loadArtifacts, sourceVersions } from './build/artifacts.ts'
import { createBuilder, derivedAddress } from './build/builder.ts'
import { buildEns, ENS_CONTRACTS } from './build/ens.ts'
import { buildFeed } from './build/feeds.ts'
import { dumpState, type Genesis, toGenesis } from './build/genesis.ts'
import { buildToken } from './build/tokens.ts'
import { WORLDS, type World } from './build/world.ts'
import { DEV_CHAINS, type DevChainId, type DevClient, devClient } from './dev-client.ts'
import { planHistory } from './history.ts'
import type { Meta } from './meta.ts'

/** The age of the oldest records, fixed so that a rebuild gives the same bytes: 2 October 2025, about block 23.5 million. */
const BUILT_AT_SEC = 1_759_400_000
const BLOCK_SEC = 12
const MULTICALL3 = getAddress(mainnet.contracts.multicall3.address)
const OPERATOR = derivedAddress('operator')
const WHALE = derivedAddress('whale')

export type Built = { genesis: Genesis; meta: Meta }

/** Builds one chain from the installed packages. The same packages give the same result to the byte. */
export async function buildChain(chainId: DevChainId): Promise<Built> {
  const world = WORLDS[chainId]
  const anvil = await startAnvil(findAnvil(), [
    ...['--chain-id', String(chainId), '--timestamp', String(BUILT_AT_SEC)],
    ...['--accounts', '0', '--disable-default-create2-deployer', '--auto-impersonate'],
    ...['--no-mining', '--prune-history', '1'],
    ...['--block-base-fee-per-gas', '0', '--gas-limit', '60000000', '--disable-code-size-limit'],
  ])
  try {
    const client = devClient(anvil.url, chainId)
    await client.setBlockTimestampInterval({ interval: BLOCK_SEC })
    const meta = await buildWorld(client, chainId, world, await loadArtifacts())
    return { genesis: toGenesis(meta, await dumpState(client)), meta }
  } finally {
    await anvil.stop()
  }
}

async function buildWorld(client: DevClient, chainId: DevChainId, world: World, artifacts: Artifacts): Promise<Meta> {
  const builder = createBuilder(client, OPERATOR)
  const addressOf = (label: string): Address => world.accounts[label]?.address ?? derivedAddress(label)
  const deps = { builder, artifacts, operator: OPERATOR, whale: WHALE, addressOf }
  await builder.place(MULTICALL3, artifacts.multicall3)
  const names = world.names.length > 0 ? await buildEns(deps, world.names) : []
  const tokens = []
  for (const token of world.tokens) tokens.push(await buildToken(deps, chainId, token))
  const feeds = []
  for (const feed of world.feeds) feeds.push(await buildFeed(deps, chainId, feed))

  const accounts = Object.entries(world.accounts).map(([label, { coins, nonce, delegated, note }]) => ({
    label,
    address: addressOf(label),
    nonce,
    balance: String(parseEther(coins)),
    ...(delegated && { delegatedTo: MULTICALL3 }),
    ...(note !== undefined && { note }),
  }))
  const history = planHistory({ accounts, tokens, whale: WHALE })
  // What the history will send is taken back first, so that the world is as described when it has ended.
  for (const { token, to, from, raw } of history) {
    if (token !== undefined) await builder.send(to, token, artifacts.token, 'transfer', [from, BigInt(raw)])
  }
  await builder.finish()
  const { timestamp } = await client.getBlock()
  return {
    chainId,
    name: world.name,
    genesisBlock: Number(world.genesisBlock),
    builtAtSec: Number(timestamp),
    sources: sourceVersions(),
    operator: OPERATOR,
    whale: WHALE,
    contracts: { multicall3: MULTICALL3, ...(names.length > 0 && ENS_CONTRACTS) },
    accounts,
    names,
    tokens,
    feeds,
    history,
  }
}

if (import.meta.main) {
  const directory = new URL('./genesis/', import.meta.url)
  await mkdir(directory, { recursive: true })
  for (const { id } of DEV_CHAINS) {
    const { genesis, meta } = await buildChain(id)
    const packed = brotliCompressSync(JSON.stringify(genesis))
    await writeFile(new URL(`${id}.json.br`, directory), packed)
    await writeFile(new URL(`${id}.meta.json`, directory), `${JSON.stringify(meta, null, 1)}\n`)
    console.log(`${meta.name}: ${Object.keys(genesis.alloc).length} accounts, ${packed.length} bytes`)
  }
}
