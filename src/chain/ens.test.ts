import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { encodeAbiParameters, parseAbiParameters, zeroAddress } from 'viem'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { loadMeta } from '../../devchain/meta.ts'
import { type DevChain, startDevChain } from '../../devchain/start.ts'
import { scriptedRpcNode } from '../../test/support/rpc-node.ts'
import type { ChainScope } from './chain-session.ts'
import { type Chains, createChains } from './chains.ts'
import { primaryName } from './ens.ts'

let directory: string
let devChain: DevChain
let chains: Chains
let scope: ChainScope

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'groundwire-ens-'))
  devChain = await startDevChain({ chainIds: [1], dataDir: directory })
  chains = createChains({ chains: ['ethereum', 'base'], rpcUrls: devChain.rpcUrls })
  scope = chains.openSession().scope(new AbortController().signal)
})

afterAll(async () => {
  await chains?.close()
  await devChain?.stop()
  await rm(directory, { recursive: true, force: true })
})

test('every name of the chain that has an address resolves to it', async () => {
  const { names } = await loadMeta(1)
  const withAddress = names.filter(({ address, name }) => address !== null && name !== 'offchain.eth')
  expect(withAddress.length).toBeGreaterThan(3)
  for (const { name, address } of withAddress) {
    expect(await scope.resolveAddress(name)).toEqual({ hex: address, name, label: name })
  }
})

test('a name is normalised first, and an address stays what it is', async () => {
  const hex = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
  expect(await scope.resolveAddress(' Vitalik.ETH ')).toEqual({ hex, name: 'vitalik.eth', label: 'vitalik.eth' })
  expect(await scope.resolveAddress(hex.toLowerCase())).toEqual({ hex, name: null, label: hex })
})

test.each([
  ['nobody-has-this.eth', 'no_such_name', 'There is no ENS name nobody-has-this.eth. Check the spelling.'],
  ['sub.vitalik.eth', 'no_such_name', 'There is no ENS name sub.vitalik.eth. Check the spelling.'],
  ['parked.eth', 'no_resolver', 'The ENS name parked.eth exists but has no resolver, so it points nowhere.'],
  ['noaddress.eth', 'no_address', 'The ENS name noaddress.eth has no Ethereum address record.'],
  [
    'offchain.eth',
    'off_chain',
    'ENS keeps offchain.eth off chain, and off-chain lookups (CCIP-Read) are off. Use a 0x address.',
  ],
])('%s fails as %s', async (name, kind, message) => {
  await expect(scope.resolveAddress(name)).rejects.toMatchObject({ name: 'EnsError', kind, message })
})

test('an address has its primary name, none, or one that is not verified', async () => {
  const { accounts } = await loadMeta(1)
  const addressOf = (label: string) => {
    const account = accounts.find((account) => account.label === label)
    if (account === undefined) throw new Error(`no account ${label}`)
    return account.address
  }
  const mainnet = scope.client('ethereum')

  expect(await primaryName(mainnet, addressOf('vitalik'))).toBe('vitalik.eth')
  expect(await primaryName(mainnet, addressOf('payments'))).toBeNull()
  await expect(primaryName(mainnet, addressOf('impostor'))).rejects.toMatchObject({ kind: 'not_verified' })
})

test('a primary name that is not in normal form is not shown as a name', async () => {
  const results = parseAbiParameters('string name, address resolver, address reverseResolver')
  const answer = encodeAbiParameters(results, ['Vitalik.eth', zeroAddress, zeroAddress])
  await using node = await scriptedRpcNode({ answers: { eth_call: () => answer } })
  const own = createChains({ chains: ['ethereum'], rpcUrls: { 1: [node.url] } })
  const mainnet = own.openSession().scope(new AbortController().signal).client('ethereum')

  await expect(primaryName(mainnet, '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045')).rejects.toMatchObject({
    kind: 'not_normal',
  })
  await own.close()
})

test('a name looked up again in a run costs no read', async () => {
  const session = chains.openSession()
  await session.scope(new AbortController().signal).resolveAddress('vitalik.eth')
  const reads = session.evidence().length
  const later = session.scope(new AbortController().signal)

  await later.resolveAddress('VITALIK.eth')

  expect(session.evidence()).toHaveLength(reads)
  expect(later.blocksRead()).toEqual(session.blocks())
})

test('a node that fails is not taken for a missing name', async () => {
  const broken = createChains({ chains: ['ethereum'], rpcUrls: { 1: ['http://127.0.0.1:1/secret'] } })
  const error = await broken
    .openSession()
    .scope(new AbortController().signal)
    .resolveAddress('vitalik.eth')
    .catch((error: unknown) => error)
  await broken.close()

  expect(error).toMatchObject({
    kind: 'node_failed',
    message:
      'vitalik.eth could not be looked up in ENS. No node of ethereum answers (asked 1: cannot be reached). Check RPC_URL_1.',
  })
})

test('names are looked up on ethereum, so where it is not enabled they cannot be', async () => {
  const baseOnly = createChains({ chains: ['base'], rpcUrls: {} })
  const lookUp = baseOnly.openSession().scope(new AbortController().signal).resolveAddress('vitalik.eth')

  await expect(lookUp).rejects.toThrow('ethereum is not enabled here. Enabled: base.')
  await baseOnly.close()
})
