import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CHAIN_WORDS } from '../src/chain/chain-list.ts'
import type { ToolDefinition, ToolExample } from '../src/messages.ts'
import { createRehearsal } from '../src/models/rehearsal.ts'
import { loadTools } from '../src/tools/load-tools.ts'
import { createToolSet } from '../src/tools/tool-set.ts'

const tools = createToolSet(await loadTools(resolve(import.meta.dirname, '../tools'))).definitions

describe.each(tools.map((tool) => [tool.name, tool] as const))('the examples of %s', (_name, tool) => {
  test.each((tool.examples ?? []).map((example) => [example.ask, example] as const))('%s', async (_ask, example) => {
    const { ask, args } = fill(example, tool)
    expect(await callsFor(ask), ask).toEqual([{ name: tool.name, args }])
  })
})

test.each<[ask: string, ...calls: { name: string; args: unknown }[]]>([
  ["whats vitalik.eth's nonce", { name: 'transaction_count', args: { address: 'vitalik.eth' } }],
  ['how much ETH does vitalik.eth have?', { name: 'balance', args: { addresses: ['vitalik.eth'], token: 'ETH' } }],
  ['ETH price', { name: 'price', args: { assets: ['ETH'] } }],
  ['price of btc and link in usd', { name: 'price', args: { assets: ['btc', 'link'] } }],
  ["what's 15% of 3412.75?", { name: 'calculate', args: { expression: '15% of 3412.75' } }],
  ['gas on arbitrum?', { name: 'gas', args: { chain: 'arbitrum' } }],
  ['what is vitalik.eth worth?', { name: 'portfolio', args: { address: 'vitalik.eth' } }],
  [
    'compare the usdc balances of alice.eth and bob.eth',
    { name: 'balance', args: { addresses: ['alice.eth', 'bob.eth'], token: 'usdc' } },
  ],
  [
    'what is the nonce of vitalik.eth on base, and the latest block there?',
    { name: 'transaction_count', args: { address: 'vitalik.eth', chain: 'base' } },
    { name: 'block', args: { chain: 'base' } },
  ],
])('in other words: %s', async (ask, ...calls) => {
  expect(await callsFor(ask)).toEqual(calls)
})

async function callsFor(ask: string): Promise<unknown[]> {
  const model = createRehearsal({ words: { chain: CHAIN_WORDS } })
  const { signal } = new AbortController()
  const calls: unknown[] = []
  for await (const event of model.stream({ messages: [{ role: 'user', text: ask }], tools, params: {}, signal })) {
    if (event.type === 'tool_call') calls.push({ name: event.call.name, args: JSON.parse(event.call.argumentsText) })
  }
  return calls
}

/** The question with a value in each slot, and the arguments it should come to. */
function fill({ ask, call = {} }: ToolExample, { parameters }: ToolDefinition): { ask: string; args: unknown } {
  const args: Record<string, unknown> = { ...call }
  const filled = ask.replaceAll(/\{(\w+)\}/g, (_slot, field: string) => {
    const schema = (parameters.properties as Record<string, Schema>)[field] ?? {}
    const { text, value } = sampleOf(schema.items ?? schema)
    args[field] = schema.items === undefined ? value : [value]
    return text
  })
  return { ask: filled, args }
}

type Schema = { type?: string; format?: string; enum?: readonly unknown[]; items?: Schema }

function sampleOf({ format, type }: Schema): { text: string; value: unknown } {
  const samples: Record<string, { text: string; value: unknown }> = {
    address: { text: 'nick.eth', value: 'nick.eth' },
    chain: { text: 'Base', value: 'base' },
    token: { text: 'LINK', value: 'LINK' },
    time: { text: '3 hours ago', value: '3 hours ago' },
    expression: { text: '15% of 200', value: '15% of 200' },
  }
  const sample = samples[format ?? '']
  if (sample !== undefined) return sample
  if (type === 'integer') return { text: '23,000,000', value: 23_000_000 }
  throw new Error(`no sample for a field of type ${type}, format ${format}: add one here`)
}
