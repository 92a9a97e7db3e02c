import { expect, test } from 'vitest'
import { readOnly } from './read-only.ts'

test.each([
  'eth_sendRawTransaction',
  'eth_sendTransaction',
  'eth_sign',
  'anvil_setBalance',
  'evm_mine',
  'personal_unlockAccount',
  'debug_traceCall',
  'admin_peers',
  'constructor',
])('%s is refused and reaches no node', async (method) => {
  let reached = false
  const rpc = readOnly(async () => {
    reached = true
  })

  await expect(rpc({ method, params: [] })).rejects.toThrow(`Tools only read the chain: ${method} is not`)
  expect(reached).toBe(false)
})

test('a read passes', async () => {
  expect(await readOnly(async ({ method }) => method)({ method: 'eth_call', params: [] })).toBe('eth_call')
})
