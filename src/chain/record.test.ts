import { keccak256, stringToBytes } from 'viem'
import { expect, test } from 'vitest'
import { scriptedBlockHash } from '../../test/support/rpc-node.ts'
import type { Evidence } from './chain-session.ts'
import { recordReads } from './record.ts'
import type { RpcRequest } from './rpc.ts'

async function record(request: RpcRequest, result: unknown): Promise<Evidence | undefined> {
  const evidence: Evidence[] = []
  await recordReads({ chainId: 1, add: (read) => evidence.push(read) }, async () => result)(request)
  return evidence[0]
}

test('a read is recorded with its block and a digest of its answer', async () => {
  const block = { number: 16n, hash: scriptedBlockHash(16n) }
  expect(await record({ method: 'eth_getCode', params: ['0xa', '0x10'], block }, '0x60')).toEqual({
    chainId: 1,
    method: 'eth_getCode',
    params: ['0xa', '0x10'],
    blockNumber: 16n,
    resultDigest: keccak256(stringToBytes('"0x60"')),
  })
})

test('an explicit block is recorded too; a read that names none has none', async () => {
  expect(await record({ method: 'eth_getBalance', params: ['0xa', '0x20'] }, '0x1')).toMatchObject({ blockNumber: 32n })
  expect(await record({ method: 'eth_gasPrice', params: [] }, '0x1')).toMatchObject({ blockNumber: null })
})

test('logs are recorded with the block at which they were read', async () => {
  const block = { number: 16n, hash: scriptedBlockHash(16n) }
  const filter = { fromBlock: '0x1', toBlock: '0x10' }
  expect(await record({ method: 'eth_getLogs', params: [filter], block }, [])).toMatchObject({ blockNumber: 16n })
})

test('nodes that write the same answer differently give the same digest', async () => {
  const logs = { method: 'eth_getLogs', params: [{}] }
  const one = await record(logs, [{ address: '0xAB', data: '0x' }])
  const other = await record(logs, [{ data: '0x', address: '0xab' }])
  expect(one?.resultDigest).toBe(other?.resultDigest)
  expect((await record(logs, []))?.resultDigest).not.toBe(one?.resultDigest)
})

test('the digest is of the answer as it came, whatever its reader does to it', async () => {
  const answer = [{ data: '0x01' }]
  const read = await record({ method: 'eth_getLogs', params: [{}] }, answer)
  answer.pop()
  expect(read?.resultDigest).toBe(keccak256(stringToBytes('[{"data":"0x01"}]')))
})

test('a read that failed is no evidence', async () => {
  const evidence: Evidence[] = []
  const rpc = recordReads({ chainId: 1, add: (read) => evidence.push(read) }, () => Promise.reject(new Error('no')))
  await expect(rpc({ method: 'eth_gasPrice', params: [] })).rejects.toThrow('no')
  expect(evidence).toEqual([])
})
