import { expect, test } from 'vitest'
import { createPromptEstimate, estimatePromptTokens, estimateTokens } from './estimate-tokens.ts'

test.each<[what: string, text: string, atLeast: number, atMost: number]>([
  ['prose', 'The quick brown fox jumps over the lazy dog.', 10, 15],
  ['a number, which models read digit by digit', '115792089237316195423570985008687907853', 39, 39],
  ['an address', '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045', 25, 42],
  ['Chinese', '以太坊上有多少笔交易', 8, 12],
  ['nothing', '', 0, 0],
])('%s is estimated near its size, rather high than low', (_what, text, atLeast, atMost) => {
  expect(estimateTokens(text)).toBeGreaterThanOrEqual(atLeast)
  expect(estimateTokens(text)).toBeLessThanOrEqual(atMost)
})

test('a prompt counts its messages, calls and tools', () => {
  const bare = estimatePromptTokens([{ role: 'user', text: 'gas?' }], [])
  const calls = [{ id: 'call_1', name: 'gas_price', argumentsText: '{"chain":"base"}' }]
  const withCall = estimatePromptTokens(
    [
      { role: 'user', text: 'gas?' },
      { role: 'assistant', text: '', toolCalls: calls },
    ],
    [],
  )
  const withTool = estimatePromptTokens(
    [{ role: 'user', text: 'gas?' }],
    [{ name: 'gas_price', description: 'Gas price of a chain.', parameters: { type: 'object' } }],
  )
  expect(withCall).toBeGreaterThan(bare + 6)
  expect(withTool).toBeGreaterThan(bare + 20)
})

test('an estimate that remembers tools is the same, whatever list they stand in', () => {
  const estimate = createPromptEstimate()
  const [a, b] = ['gas_price', 'balance'].map((name) => ({ name, description: 'It tells.', parameters: { name } }))
  if (a === undefined || b === undefined) throw new Error('two tools')
  for (const tools of [[a], [a, b], [b], [], [a, b]]) expect(estimate([], tools)).toBe(estimatePromptTokens([], tools))
})
