import { beforeEach, expect, test } from 'vitest'
import { memoryKeep } from '../../test/support/memory-keep.ts'
import type { BlockRef } from '../chain/chain-session.ts'
import type { Message, ToolCall } from '../messages.ts'
import { type KeptTurn, keepTurn, restoreTurns } from './kept-turn.ts'

const call = (id: string, name: string): ToolCall => ({ id, name, argumentsText: '{}' })
const says = (...toolCalls: ToolCall[]): Message => ({ role: 'assistant', text: '', toolCalls })
const result = (callId: string, text = callId): Message => ({ role: 'tool', callId, toolName: 'x', text })
const question: Message = { role: 'user', text: 'how many, and where?' }

const nonce = call('call_n', 'nonce')
const balance = call('call_b', 'balance')
const read = call('call_r', 'read')
const write = call('call_w', 'write')

let nowMs: number
let turns: ReturnType<typeof memoryKeep<KeptTurn | { at: string }>>
beforeEach(() => {
  nowMs = 1_000_000
  turns = memoryKeep<KeptTurn | { at: string }>({ ttlMs: 900_000, now: () => nowMs })
})

const block = { chain: 'base', chainId: 8453, number: 36_500_200n, hash: '0xab', timestampSec: 1 } as const
const mixed = [says(nonce), result('call_n'), says(read, balance, write), result('call_b')]
const keep = (messages: readonly Message[] = mixed, callIds = ['call_r', 'call_w'], at: BlockRef = block) =>
  keepTurn(turns, { caller: 'alice', callIds, messages, blocks: [at], nowMs })
const restore = (messages: readonly Message[], caller = 'alice') => restoreTurns(turns, { caller, messages, nowMs })

const back = [question, says(read, write), result('call_w'), result('call_r')]

test('what the caller never saw is put back around its results, in call order', async () => {
  await keep()
  const { messages, blocks } = await restore(back)
  expect(messages).toEqual([question, ...mixed.slice(0, 3), result('call_r'), result('call_b'), result('call_w')])
  expect(blocks).toEqual([block])
})

test('a second round of the same turn finds both', async () => {
  await keep()
  const second = [says(nonce, read), result('call_n')]
  const newer = { ...block, number: 36_500_201n }
  await keep([says(call('call_n2', 'nonce'), call('call_r2', 'read')), result('call_n2')], ['call_r2'], newer)
  const { messages, blocks } = await restore([...back, says(call('call_r2', 'read')), result('call_r2')])
  expect(messages).toHaveLength(1 + mixed.length + 2 + second.length + 1)
  expect(messages.slice(-3)).toEqual([
    says(call('call_n2', 'nonce'), call('call_r2', 'read')),
    result('call_n2'),
    result('call_r2'),
  ])
  expect(blocks).toEqual([block, newer])
})

test('an earlier turn stays as the caller tells it', async () => {
  await keep()
  const later = [...back, { role: 'assistant', text: 'There.', toolCalls: [] } as const, question]
  expect(await restore(later)).toEqual({ messages: later, blocks: [] })
})

test('what another caller kept is not found, nor what is no longer kept', async () => {
  await keep()
  expect((await restore(back, 'bob')).messages).toEqual(back)
  nowMs += 900_001
  expect((await restore(back)).messages).toEqual(back)
})

test('an agent that tells each call in a message of its own finds the whole', async () => {
  await keep()
  const split = [question, says(write), result('call_w'), says(read), result('call_r')]
  expect((await restore(split)).messages).toEqual((await restore(back)).messages)
})

test('a call that the caller does not tell of was never made', async () => {
  await keep()
  const { messages } = await restore([question, says(read), result('call_r')])
  expect(messages.slice(3)).toEqual([says(read, balance), result('call_r'), result('call_b')])
})

test('what the user says meanwhile does not end the turn', async () => {
  await keep()
  const { messages } = await restore([...back, { role: 'user', text: 'and now?' }])
  expect(messages.slice(-2)).toEqual([result('call_w'), { role: 'user', text: 'and now?' }])
  expect(messages).toHaveLength(1 + mixed.length + 2 + 1)
})

test('what the caller has changed in its own calls and words stays changed', async () => {
  await keep()
  const approved = { ...read, argumentsText: '{"path":"other"}' }
  const told = [question, { ...says(approved, write), text: 'As you like.' }, result('call_w'), result('call_r')]
  const { messages } = await restore(told)
  expect(messages[3]).toEqual({ role: 'assistant', text: 'As you like.', toolCalls: [approved, balance, write] })
})

test('a message with calls of others in it is not ours to complete, and no result loses its call', async () => {
  await keep()
  const foreign = call('call_z', 'zoom')
  const told = [question, says(read, write, foreign), result('call_r'), result('call_w'), result('call_z')]
  expect((await restore(told)).messages).toEqual(told)
  const between = [
    question,
    says(read),
    result('call_r'),
    says(foreign),
    result('call_z'),
    says(write),
    result('call_w'),
  ]
  const { messages } = await restore(between)
  expect(messages.slice(-4)).toEqual(between.slice(-4))
  expect(messages.filter((message) => message.role === 'tool' && message.callId === 'call_n')).toHaveLength(1)
})

test('calls of another provider are no turn of ours', async () => {
  await keep()
  const foreign = [question, says(call('call_x', 'read')), result('call_x')]
  expect((await restore(foreign)).messages).toEqual(foreign)
})

test('blocks are read on for a minute; later, the chains are read anew', async () => {
  await keep()
  nowMs += 60_001
  const { messages, blocks } = await restore(back)
  expect(messages).toHaveLength(1 + mixed.length + 2)
  expect(blocks).toEqual([])
})
