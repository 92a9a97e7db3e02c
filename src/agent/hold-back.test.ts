import { describe, expect, test } from 'vitest'
import { createHoldBack } from './hold-back.ts'

describe('hold back', () => {
  test('keeps fewer pieces than its limit, and gives them back whole on release', () => {
    const hold = createHoldBack(4)
    expect(['Let', ' me', ' check'].map((piece) => hold.push(piece))).toEqual(['', '', ''])
    expect(hold.release()).toBe('Let me check')
  })

  test('lets all go with the piece that reaches the limit, then streams live', () => {
    const hold = createHoldBack(3)
    expect(['The', ' nonce', ' is', ' 1648'].map((piece) => hold.push(piece))).toEqual([
      '',
      '',
      'The nonce is',
      ' 1648',
    ])
    expect(hold.release()).toBe('')
  })

  test('a one-token piece counts as one, even when it is part of a word or a space', () => {
    const hold = createHoldBack(5)
    const pieces = ['trans', 'act', 'ions', ' ', '\n']
    expect(pieces.map((piece) => hold.push(piece)).join('|')).toBe('||||transactions \n')
  })

  test('a long piece counts by its words and marks', () => {
    const hold = createHoldBack(4)
    expect(hold.push('Let me check, please')).toBe('Let me check, please')
  })

  test('with a limit of zero nothing is held', () => {
    expect(createHoldBack(0).push('a')).toBe('a')
  })
})
