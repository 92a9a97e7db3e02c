import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createVisibleText } from './visible-text.ts'

function show(pieces: readonly string[], limits: { stop?: readonly string[]; maxTokens?: number }) {
  const visible = createVisibleText(limits)
  const shown = pieces.map((piece) => visible.push(piece))
  return { shown, text: shown.join('') + visible.end(), ended: visible.endedBy() }
}

describe('a stop sequence', () => {
  test('ends the text before it', () => {
    expect(show(['one', ' two', ' END', ' three'], { stop: [' END'] })).toMatchObject({
      text: 'one two',
      ended: 'stop',
    })
  })

  test('is never seen, however the text is cut, and ends it where it is complete first', () => {
    const words = fc.array(fc.constantFrom('a', 'ab', 'b', 'aba', 'c', ' '), { maxLength: 12 })
    const sequences = fc.array(fc.constantFrom('aba', 'bb', 'c a', 'b', 'abab'), { minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(words, sequences, (pieces, stop) => {
        const whole = pieces.join('')
        const ends = Array.from({ length: whole.length }, (_, at) => whole.slice(0, at + 1))
        const first = ends.find((text) => stop.some((sequence) => text.endsWith(sequence)))
        const longest = stop.filter((sequence) => first?.endsWith(sequence)).toSorted((a, b) => b.length - a.length)[0]
        const expected = first === undefined ? whole : first.slice(0, first.length - (longest?.length ?? 0))
        expect(show(pieces, { stop }).text).toBe(expected)
        expect(show([whole], { stop }).text).toBe(expected)
      }),
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
