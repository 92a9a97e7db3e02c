import { expect, test } from 'vitest'
import { parseAddressOrName } from './parse-address-or-name.ts'

const checksummed = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

test.each([checksummed, checksummed.toLowerCase(), `0x${checksummed.slice(2).toUpperCase()}`, ` ${checksummed}\n`])(
  '%j is an address',
  (text) => {
    expect(parseAddressOrName(text)).toEqual({ type: 'address', hex: checksummed })
  },
)

test.each([
  ['Vitalik.ETH', 'vitalik.eth'],
  ['  vitalik.eth ', 'vitalik.eth'],
  ['0xd8.eth', '0xd8.eth'],
  ['pay.alice.eth', 'pay.alice.eth'],
])('%j is the name %j', (text, name) => {
  expect(parseAddressOrName(text)).toEqual({ type: 'name', name })
})

test.each([
  [checksummed.replace('d8dA', 'd8da'), 'its checksum is wrong'],
  [checksummed.slice(0, -1), 'it has 39 digits after 0x and needs 40'],
  [`${checksummed.slice(0, -1)}g`, 'only the digits 0-9 and a-f'],
  [`0x${'ab'.repeat(32)}`, 'a transaction or block hash'],
  [checksummed.slice(2), 'an address starts with 0x'],
  ['', 'it is empty'],
  ['vitalik', 'a name has a dot'],
  [`${'a'.repeat(252)}.eth`, 'longer than 255 characters'],
  ['vit alik.eth', 'ENS does not allow it'],
  ['vitаlik.eth', 'ENS does not allow it'], // a Cyrillic а
  ['a..eth', 'ENS does not allow it'],
  ['.eth', 'ENS does not allow it'],
  ['https://rpc.example/secret', 'ENS does not allow it'],
])('%j is refused: %s', (text, reason) => {
  expect(() => parseAddressOrName(text)).toThrow(reason)
})

test('a refusal quotes neither a URL nor a long text', () => {
  expect(() => parseAddressOrName('https://rpc.example/secret')).toThrow(/^(?!.*secret)/)
  expect(() => parseAddressOrName('word '.repeat(1_000))).toThrow(/^.{0,200}$/)
})
