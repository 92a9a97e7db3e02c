import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createControl } from '../../devchain/control.ts'
import { loadMeta, type Meta } from '../../devchain/meta.ts'
import { type DevToolbox, openDevToolbox } from './toolbox.ts'

let tools: DevToolbox
let meta: Meta
let base: Meta

beforeAll(async () => {
  ;[tools, meta, base] = await Promise.all([openDevToolbox([1, 8453]), loadMeta(1), loadMeta(8453)])
})
afterAll(() => tools.close())

function account(label: string) {
  const found = meta.accounts.find((candidate) => candidate.label === label)
  if (found === undefined) throw new Error(`no account ${label}`)
  return found
}

describe('resolve_name', () => {
  test('gives the address of every name that has one', async () => {
    const named = meta.names.filter(({ address }) => address !== null)
    expect(named.length).toBeGreaterThan(4)
    for (const { name, address } of named) {
      const answer = await tools.get('resolve_name', { name })
      expect(answer).toMatchObject({ address: { hex: address, name } })
      expect(answer.summary).toBe(`${name} resolves to ${address}.`)
    }
  })

  test.each([
    ['nobody-has-this.eth', 'There is no ENS name'],
    ['parked.eth', 'no resolver'],
    ['noaddress.eth', 'no Ethereum address record'],
    ['offchain.eth', 'off-chain lookups'],
    ['vitalik', 'a name has a dot'],
    ['vit_alik..eth', 'ENS does not allow it'],
  ])('says why %s has no address', async (name, reason) => {
    expect(await tools.fail('resolve_name', { name })).toContain(reason)
  })
})

describe('name_of_address', () => {
  test('gives the primary name that points back', async () => {
    for (const { name, primaryOf } of meta.names) {
      for (const address of primaryOf) {
        expect(await tools.get('name_of_address', { address })).toMatchObject({ name, status: 'verified' })
      }
    }
  })

  test('does not repeat a name that somebody else owns', async () => {
    const { address } = account('impostor')
    const answer = await tools.get('name_of_address', { address })
    expect(answer).toMatchObject({ name: null, status: 'claim refused' })
    expect(JSON.stringify(answer)).not.toContain('vitalik')
  })

  test('says so where no name is set', async () => {
    const answer = await tools.get('name_of_address', { address: account('payments').address })
    expect(answer).toMatchObject({ name: null, status: 'not set' })
  })
})

describe('transaction_count', () => {
  test('is the nonce, on the chain that was asked', async () => {
    for (const { address, nonce } of meta.accounts) {
      expect(await tools.get('transaction_count', { address })).toMatchObject({ nonce, chain: 'ethereum' })
    }
    const onBase = base.accounts.find(({ label }) => label === 'vitalik')
    const answer = await tools.get('transaction_count', { address: 'vitalik.eth', chain: 'base' })
    expect(answer.summary).toBe(`vitalik.eth has sent ${onBase?.nonce} transactions on base.`)
  })

  test('has its thousands apart in the sentence', async () => {
    const answer = await tools.get('transaction_count', { address: 'vitalik.eth', chain: 'Ethereum' })
    expect(answer.summary).toBe('vitalik.eth has sent 1,648 transactions on ethereum.')
  })

  test('of a delegated account says that delegations count', async () => {
    const answer = await tools.get('transaction_count', { address: account('smart').address })
    expect(answer).toMatchObject({ kind: 'delegated account', nonce: account('smart').nonce })
    expect(answer.summary).toContain('EIP-7702')
  })

  test('of a contract is not called transactions', async () => {
    const token = meta.tokens[0]?.address
    const answer = await tools.get('transaction_count', { address: token })
    expect(answer).toMatchObject({ kind: 'contract' })
    expect(answer.summary).toContain('counts the contracts it created, not transactions')
  })

  test('at a past block is what it was', async () => {
    const control = createControl({ url: tools.urls[1] ?? '', chainId: 1 })
    const from = account('bob')
    const { number } = await tools.get<{ number: number }>('block', {})
    await control.transferCoins({ from: from.address, to: account('alice').address, amount: 1n })
    const then = await tools.get('transaction_count', { address: from.address, block: number })
    const now = await tools.get('transaction_count', { address: from.address })
    expect([then.nonce, now.nonce]).toEqual([from.nonce, from.nonce + 1])
  })

  test('costs one request for the name and one for the reads', async () => {
    const ask = () => tools.get('transaction_count', { address: account('alice').address, chain: 'ethereum' })
    expect(await tools.countPosts(ask)).toBeLessThanOrEqual(2)
  })
})
