import { expect, test } from 'vitest'
import { toSentences } from './sentences.ts'

test('a message is cut where sentences end, and not inside numbers and names', () => {
  expect(toSentences('Is 1.5 ok? resolve bob.eth. Thanks!\n1. gas\n- price; why: so it goes', 100)).toEqual([
    'Is 1.5 ok',
    'resolve bob.eth',
    'Thanks',
    'gas',
    'price',
    'why',
    'so it goes',
  ])
})

test('only the end of a long message is read', () => {
  expect(toSentences(`${'x'.repeat(1_000)}? gas on base?`, 13)).toEqual(['gas on base'])
  expect(toSentences('gas?'.repeat(100), 1_000)).toHaveLength(16)
})
