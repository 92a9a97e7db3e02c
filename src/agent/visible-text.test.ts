import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVisibleText } from './visible-text.ts'

function show(pieces: readonly string[], limits: { stop?: readonly string[]; maxTokens?: number }) {
  const visible = createVisibleText(limits)
  const shown = pieces.map((piece) => visible.push(piece))
  return { shown, text: shown.join('') + visible.end(), ended: visible.ended }
}

describe('a stop sequence', () => {
  test('ends the text before it', () => {
    expect(show(['one', ' two', ' END', ' three'], { stop: [' END'] })).toMatchObject({
      text: 'one two',
      ended: 'stop',
    })
  })

  test('is never seen, however it is cut and whatever follows', () => {
    const words = fc.array(fc.constantFrom('a', 'ab', 'b', 'aba', 'c', ' '), { maxLength: 12 })
    fc.assert(
      fc.property(
        words,
        fc.array(fc.constantFrom('aba', 'bb', 'c a'), { minLength: 1, maxLength: 3 }),
        (pieces, stop) => {
          const whole = pieces.join('')
          const ends = stop.map((sequence) => whole.indexOf(sequence)).filter((at) => at >= 0)
          const expected = ends.length === 0 ? whole : whole.slice(0, Math.min(...ends))
          expect(show(pieces, { stop }).text).toBe(expected)
        },
      ),
    )
  })

  test('that only begins is shown once it is clear that it does not come', () => {
    expect(show(['a', '##', 'b'], { stop: ['###'] }).shown).toEqual(['a', '', '##b'])
    expect(show(['a', '##'], { stop: ['###'] })).toMatchObject({ text: 'a##', ended: null })
  })
})

describe('a limit of tokens', () => {
  test('counts pieces as backends send them', () => {
    expect(show(['a', 'b', 'c', 'd'], { maxTokens: 3 })).toMatchObject({ text: 'abc', ended: 'length' })
    expect(show(['a', 'b', 'c'], { maxTokens: 3 })).toMatchObject({ text: 'abc', ended: null })
  })

  test('cuts a long piece between its words', () => {
    expect(show(['one two, three four'], { maxTokens: 3 })).toMatchObject({ text: 'one two, ', ended: 'length' })
  })

  test('yields to a stop sequence within it', () => {
    expect(show(['a', 'END', 'b'], { maxTokens: 2, stop: ['END'] })).toMatchObject({ text: 'a', ended: 'stop' })
  })
})
