import { Contract } from 'ethers'
import { encodeErrorResult, parseAbi, stringToHex } from 'viem'
import { expect, onTestFinished, test } from 'vitest'
import { type RpcNodeMood, type RpcNodeOptions, scriptedRpcNode } from '../../test/support/rpc-node.ts'
import { toChainErrorMessage } from './chain-error.ts'
import type { ChainScope } from './chain-session.ts'
import { createChains } from './chains.ts'

const address = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const abi = parseAbi(['function name() view returns (string)', 'error Paused(uint256 until)'])
const reason = encodeErrorResult({
  abi: parseAbi(['error Error(string)']),
  errorName: 'Error',
  args: ['not now, see https://phish.example'],
})

async function scopeOver(options: RpcNodeOptions): Promise<ChainScope> {
  const node = await scriptedRpcNode(options)
  const chains = createChains({ chains: ['ethereum'], rpcUrls: { 1: [`${node.url}/v2/s3cret`] } })
  onTestFinished(async () => {
    await chains.close()
    await node.close()
  })
  return chains.openSession().scope(AbortSignal.timeout(options.mood?.type === 'hang' ? 500 : 10_000))
}

const callThat = (answer: () => unknown) => scopeOver({ answers: { eth_call: answer } })
const failing = (error: { code: number; message: string; data?: string }) => () => {
  throw error
}

/** What a tool would tell of the error a read of the contract's name ends in: through viem, and through ethers. */
async function tell(scope: ChainScope): Promise<{ viem: string; ethers: string }> {
  const read = scope.client('ethereum').readContract({ address, abi, functionName: 'name' })
  const contract = new Contract(address, ['function name() view returns (string)'], await scope.ethers('ethereum'))
  const call = contract.getFunction('name').staticCall()
  const [viem, ethers] = await Promise.allSettled([read, call])
  if (viem.status === 'fulfilled' || ethers.status === 'fulfilled') throw new Error('expected both to fail')
  return { viem: toChainErrorMessage(viem.reason), ethers: toChainErrorMessage(ethers.reason) }
}

test('a revert tells its reason, without the addresses of servers in it', async () => {
  const revert = failing({ code: 3, message: 'execution reverted: not now, see https://phish.example', data: reason })
  expect(await tell(await callThat(revert))).toEqual({
    viem: 'The contract reverted: not now, see [address removed]',
    ethers: 'execution reverted: "not now, see [address removed]',
  })
})

test('a revert tells the name of its error', async () => {
  const data = encodeErrorResult({ abi, errorName: 'Paused', args: [5n] })
  const { viem } = await tell(await callThat(failing({ code: -32000, message: 'execution reverted', data })))
  expect(viem).toBe('The contract reverted: Paused')
})

test('a revert without a reason says that', async () => {
  const { viem } = await tell(await callThat(failing({ code: 3, message: 'execution reverted', data: '0x' })))
  expect(viem).toBe('The contract reverted without a reason.')
})

test('an address without a contract is told as no data', async () => {
  expect((await tell(await callThat(() => '0x'))).viem).toBe('The contract function "name" returned no data ("0x").')
})

test('an answer of another type is told in one short line', async () => {
  const told = await tell(await callThat(() => stringToHex('MKR', { size: 32 })))
  for (const message of Object.values(told)) expect(message).toMatch(/^.{10,300}$/)
})

test('what a node has against the request is told in its words', async () => {
  const told = await tell(await callThat(failing({ code: -32602, message: 'invalid argument 0: hex string' })))
  expect(told.viem).toBe('The node answers: invalid argument 0: hex string')
  expect(told.ethers).toBe(told.viem)
})

test('a block that no node has is told as that, and not as nodes that fail', async () => {
  const { viem, ethers } = await tell(await callThat(failing({ code: -32000, message: 'header not found' })))
  expect(viem).toBe(
    'No node of ethereum has that block or its state: it is yet to come, or older than what the nodes keep.',
  )
  expect(ethers).toBe(viem)
})

test.each<[RpcNodeMood, string]>([
  [{ type: 'dead' }, 'No node of ethereum answers (asked 1: cannot be reached). Check RPC_URL_1.'],
  [
    { type: 'status', status: 401 },
    'No node of ethereum answers (asked 1: refused the request (is its key valid?)). Check RPC_URL_1.',
  ],
  [{ type: 'hang' }, 'The time for this read is up.'],
])('a node in the mood %j is told by what it did, and not by where it is', async (mood, message) => {
  expect(await tell(await scopeOver({ mood }))).toEqual({ viem: message, ethers: message })
})

test('any other error is told in its own words, cleaned; what is no error is told as nothing', () => {
  expect(toChainErrorMessage(new Error('fetch http://10.0.0.1/?key=1 failed'))).toBe('fetch [address removed] failed')
  expect(toChainErrorMessage('oops')).toBe('Something went wrong.')
})
