import { expect, test } from 'vitest'
import { parseToolReport } from './tool-report.ts'

const parse = (body: unknown) =>
  parseToolReport({
    role: 'tool',
    callId: 'call_1',
    toolName: 'gas',
    text: typeof body === 'string' ? body : JSON.stringify(body),
  })

test('a result is its summary, its notes and its blocks', () => {
  const blocks = [{ chain: 'base', number: 1234567, hash: '0x1', time: 1_700_000_000 }]
  expect(parse({ summary: 'Gas is low.', result: {}, notes: ['Now.'], blocks })).toEqual({
    toolName: 'gas',
    ok: true,
    quoted: false,
    text: 'Gas is low.',
    notes: ['Now.'],
    blocks: [{ chain: 'base', number: '1,234,567', time: '2023-11-14 22:13:20 UTC' }],
  })
})

test('a failure is its reason', () => {
  expect(parse({ error: 'no node answered' })).toMatchObject({ ok: false, text: 'no node answered' })
  expect(parse({ error: { message: 'no node answered' } })).toMatchObject({ ok: false, text: 'no node answered' })
})

test.each<[what: string, body: unknown, text: string]>([
  ['plain words', '\n plain\twords ', 'gas said: plain words'],
  ['JSON of another form', { wei: '1', error: null }, 'gas said: {"wei":"1","error":null}'],
  ['a number', 7, 'gas said: 7'],
  ['a lot', 'x'.repeat(5_000), `gas said: ${'x'.repeat(400)}…`],
  ['nothing', '', ''],
])('%s is quoted, briefly', (_what, body, text) => {
  expect(parse(body)).toEqual({ toolName: 'gas', ok: true, quoted: true, text, notes: [], blocks: [] })
})

test('what is malformed is left out', () => {
  const blocks = [null, { chain: 1 }, { chain: 'base', number: 'latest' }, { chain: 'base', number: '7', time: 'soon' }]
  expect(parse({ summary: 'x', notes: [1, 'kept', null], blocks })).toMatchObject({
    notes: ['kept'],
    blocks: [{ chain: 'base', number: '7', time: undefined }],
  })
})
