import type { Address, Hex } from 'viem'
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { startWalletChain, type WalletChain } from '../../test/support/contract-wallets.ts'
import { closedRpcUrl, type RpcNodeMood, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { createChains } from './chains.ts'
import { createVerifyContractSignature, type VerifyContractSignature } from './verify-contract-signature.ts'

let chain: WalletChain
beforeAll(async () => {
  chain = await startWalletChain()
})
afterAll(() => chain?.[Symbol.asyncDispose]())

const MESSAGE = 'hello'
const owner = privateKeyToAccount(generatePrivateKey())
const stranger = privateKeyToAccount(generatePrivateKey())

function verifierOver(url: string, timeoutMs = 5_000): VerifyContractSignature {
  const chains = createChains({ chains: ['ethereum', 'base'], rpcUrls: { 1: [url] } })
  onTestFinished(() => chains.close())
  return createVerifyContractSignature({ chains, timeoutMs })
}

const ask = (verify: VerifyContractSignature, address: Address, signature: Hex, message = MESSAGE) =>
  verify({ chainId: 1, address, message, signature })

test('a contract vouches for what its owner has signed, and for nothing else', async () => {
  const verify = verifierOver(chain.url)
  const wallet = await chain.deployWallet(owner.address)
  const signature = await owner.signMessage({ message: MESSAGE })
  expect(await ask(verify, wallet, signature)).toBe(true)
  expect(await ask(verify, wallet, signature, 'hello!')).toBe(false)
  expect(await ask(verify, wallet, await stranger.signMessage({ message: MESSAGE }))).toBe(false)
})

test('a signature stops to count when the wallet changes hands', async () => {
  const verify = verifierOver(chain.url)
  const wallet = await chain.deployWallet(owner.address)
  const signature = await owner.signMessage({ message: MESSAGE })
  expect(await ask(verify, wallet, signature)).toBe(true)
  await chain.setOwner(wallet, stranger.address)
  expect(await ask(verify, wallet, signature)).toBe(false)
})

test('a wallet that is not deployed yet vouches by what would deploy it', async () => {
  const verify = verifierOver(chain.url)
  const wallet = chain.addressToBe(owner.address)
  const signature = await owner.signMessage({ message: MESSAGE })
  expect(await ask(verify, wallet, chain.wrap(owner.address, signature))).toBe(true)
  expect(await ask(verify, wallet, signature)).toBe(false)
  expect(await ask(verify, chain.addressToBe(stranger.address), chain.wrap(owner.address, signature))).toBe(false)
})

test.each<[string, Hex]>([
  ['reverts', '0x5f5ffd'],
  ['runs into an invalid opcode', '0xfe'],
  ['burns all gas', '0x5b5f56'],
  ['answers with nothing', '0x00'],
  ['answers with what it was asked', '0x365f5f37365ff3'],
  ['answers with another word', '0x60015f5260205ff3'],
])('a contract that %s vouches for nobody', async (_title, code) => {
  const verify = verifierOver(chain.url)
  const address = '0x00000000000000000000000000000000000000cc'
  await chain.setCode(address, code)
  expect(await ask(verify, address, await owner.signMessage({ message: MESSAGE }))).toBe(false)
})

test.each<[string, Hex]>([
  ['is empty', '0x'],
  ['is one byte', '0x00'],
  ['is zeroes', `0x${'00'.repeat(65)}`],
  ['only looks like ERC-6492', `0x${'6492'.repeat(16)}`],
  ['is long', `0x${'ab'.repeat(4_000)}`],
])('a signature that %s is not valid, for a contract, a key or nobody', async (_title, signature) => {
  const verify = verifierOver(chain.url)
  const wallet = await chain.deployWallet(owner.address)
  for (const address of [wallet, owner.address, '0x0000000000000000000000000000000000000000'] as const) {
    expect(await ask(verify, address, signature)).toBe(false)
  }
})

const FAULTS: [string, RpcNodeMood][] = [
  ['fails', { type: 'status', status: 500 }],
  ['limits the rate', { type: 'status', status: 429 }],
  ['closes connections', { type: 'dead' }],
  ['hangs', { type: 'hang' }],
  ['answers with something else', { type: 'text', text: '<html>' }],
  ['knows no such method', { type: 'error', error: { code: -32601, message: 'method not found' } }],
  ['refuses the parameters', { type: 'error', error: { code: -32602, message: 'invalid argument 0' } }],
]

test.each(FAULTS)('where the node %s, nothing is verified: 503, and no word of its URL', async (_title, mood) => {
  const node = await scriptedRpcNode({ mood })
  onTestFinished(() => node.close())
  const verify = verifierOver(`${node.url}/v2/s3cret`, 300)
  const signature = await owner.signMessage({ message: MESSAGE })
  const failure = await ask(verify, chain.addressToBe(owner.address), signature).catch((error: unknown) => error)
  expect(failure).toMatchObject({ status: 503, code: 'cannot_verify_signature', retryAfterSec: 5 })
  expect(String(failure)).not.toMatch(/s3cret|127\.0\.0\.1/)
})

test('a node that fails after the block is known verifies nothing either', async () => {
  const node = await scriptedRpcNode({
    answers: {
      eth_call: () => {
        throw { code: -32603, message: 'internal error' }
      },
    },
  })
  onTestFinished(() => node.close())
  const signature = await owner.signMessage({ message: MESSAGE })
  await expect(ask(verifierOver(node.url), chain.addressToBe(owner.address), signature)).rejects.toMatchObject({
    code: 'cannot_verify_signature',
  })
})

test('nobody listening, and a chain that is not enabled, are a 503 too', async () => {
  const verify = verifierOver(await closedRpcUrl())
  const signature = await owner.signMessage({ message: MESSAGE })
  await expect(ask(verify, chain.addressToBe(owner.address), signature)).rejects.toMatchObject({ status: 503 })
  const onLinea = { chainId: 59_144, address: owner.address, message: MESSAGE, signature }
  await expect(verify(onLinea)).rejects.toMatchObject({ code: 'cannot_verify_signature' })
})
