import { expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'

test.each<[unknown, string]>([
  [{ b: 1, a: { d: [2, { f: 3, e: 4 }], c: null } }, '{"a":{"c":null,"d":[2,{"e":4,"f":3}]},"b":1}'],
  [['0xAbC', '0x', 'Name.ETH'], '["0xabc","0x","Name.ETH"]'],
  [[16n], '["0x10"]'],
  [null, 'null'],
])('%o has one text, whoever wrote it', (value, text) => {
  expect(canonicalJson(value)).toBe(text)
})
