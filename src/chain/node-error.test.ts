import { expect, test } from 'vitest'
import { countFaults, NodeError, toNodeError } from './node-error.ts'
import { AnswerTooLargeError, RpcError } from './rpc-error.ts'

// As nodes and providers word it: geth, reth, Erigon, Nethermind, anvil, Avalanche; Alchemy, Infura, QuickNode, Ankr, dRPC.
test.each([
  [-32000, 'header not found', 'unknown_block'],
  [-32000, 'header for hash not found', 'unknown_block'],
  [-32000, 'missing trie node 6f1c (path ) state 0x6f1c is not available, not found', 'unknown_block'],
  [-32000, 'required historical state unavailable (reexec=128)', 'unknown_block'],
  [-32000, 'block range extends beyond current head block', 'unknown_block'],
  [-32000, 'cannot query unfinalized data', 'unknown_block'],
  [-32000, 'No state available for block 0x10', 'unknown_block'],
  [-32002, 'No state available for block 0x10', 'unknown_block'],
  [-32000, 'state at block #5 is pruned', 'unknown_block'],
  [-32000, 'old data not available due to pruning', 'unknown_block'],
  [-32001, 'block not found: 0x1234', 'unknown_block'],
  [-32001, 'Unknown block', 'unknown_block'],
  [-32602, 'BlockOutOfRangeError: block height is 5 but requested was 6', 'unknown_block'],
  [-32000, 'distance to target block exceeds maximum proof window', 'unknown_block'],
  [-32005, 'query returned more than 10000 results', 'too_wide'],
  [-32000, 'block range is too large', 'too_wide'],
  [-32614, 'eth_getLogs is limited to a 10,000 range', 'too_wide'],
  [-32000, 'exceed maximum block range: 50000', 'too_wide'],
  [-32602, 'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range', 'too_wide'],
  [-32000, 'requested too many blocks from 1 to 9999, maximum is set to 2048', 'too_wide'],
  [35, 'ranges over 10000 blocks are not supported on freetier', 'too_wide'],
  [-32005, 'daily request count exceeded, request rate limited', 'rate_limited'],
  [-32007, '50/second request limit reached - reduce calls per second or upgrade your account', 'rate_limited'],
  [429, 'Your app has exceeded its compute units per second capacity.', 'rate_limited'],
  [-32090, 'Too many requests, reason: call rate limit exhausted, retry in 10s', 'rate_limited'],
  [-32601, 'the method eth_getProof does not exist/is not available', 'unserved_method'],
  [-32600, 'Unsupported method: eth_getProof on this network', 'unserved_method'],
  [-32601, 'rpc method is not whitelisted', 'unserved_method'],
  [-32603, 'internal error', 'failed'],
  [19, 'Temporary internal error. Please retry', 'failed'],
])('%i "%s" is a fault: %s', (code, message, kind) => {
  expect(toNodeError(new RpcError({ code, message }))?.kind).toBe(kind)
})

test.each([
  [3, 'execution reverted: block range is too large', '0x08c379a0'],
  [-32000, 'execution reverted', undefined],
  [-32015, 'VM execution error.', 'Reverted 0x08c379a0'],
  [-32603, 'Error: rate limit', '0x08c379a0'],
  [-32000, 'out of gas', undefined],
  [-32603, 'EVM error OutOfGas', undefined],
  [-32000, 'insufficient funds for gas * price + value', undefined],
  [-32602, 'invalid argument 0: hex string has length 38, want 40 for common.Address', undefined],
  [-32600, 'invalid request', undefined],
])('%i "%s" is an answer', (code, message, data) => {
  expect(toNodeError(new RpcError({ code, message, data }))).toBeUndefined()
})

test('too large an answer, and what is no error of a node, are no faults', () => {
  expect(toNodeError(new AnswerTooLargeError({ maxBytes: 1_048_576 }))).toBeUndefined()
  expect(toNodeError(new Error('a bug'))).toBeUndefined()
})

test('faults are counted by kind', () => {
  const faults = ['timeout', 'wrong_chain', 'timeout'] as const
  expect(countFaults(faults.map((kind) => new NodeError(kind)))).toBe('2 timed out, 1 is on another chain')
  expect(countFaults([new NodeError('slow'), new NodeError('slow')])).toBe('answered too slowly')
})
