import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createThinkTags } from './think-tags.ts'

describe('think tags', () => {
  const cases: [title: string, text: string, expected: { text: string; reasoning: string }, opened?: boolean][] = [
    ['a thought ahead of the answer', '<think>hm, 4?</think>\n\nIt is 4.', { text: 'It is 4.', reasoning: 'hm, 4?' }],
    ['two thoughts', '<think>a</think> <think>b</think>c', { text: 'c', reasoning: 'ab' }],
    ['an empty thought', '<think>\n\n</think>\n\nYes', { text: 'Yes', reasoning: '' }],
    [
      'no thought',
      '  a < b, <thing> and <think> </thin',
      { text: '  a < b, <thing> and <think> </thin', reasoning: '' },
    ],
    ['a thought that never closes', '<think>so the answer is 7', { text: 'so the answer is 7', reasoning: '' }],
    ['a closing tag that nothing opened', 'so 7</think> It is 7', { text: 'so 7 It is 7', reasoning: '' }],
    ['a thought the template opened', 'hm</think>It is 7', { text: 'It is 7', reasoning: 'hm' }, true],
    ['an answer where a thought was awaited', 'It is 7', { text: 'It is 7', reasoning: '' }, true],
  ]

  test.each(cases)('%s is told apart wherever the text is cut', (_title, text, expected, opened = false) => {
    fc.assert(
      fc.property(cutsOf(text), (pieces) => {
        expect(run(pieces, opened)).toEqual(expected)
      }),
    )
  })

  test('any text without tags comes out as it went in', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('<', '/', 't', 'h', 'i', 'n', 'k', ' ', '7') })),
        (pieces) => {
          fc.pre(!/<\/?think>/.test(pieces.join('')))
          expect(run(pieces, false)).toEqual({ text: pieces.join(''), reasoning: '' })
        },
      ),
    )
  })

  test('an answer passes without delay', () => {
    const tags = createThinkTags()
    expect(tags.push('It')).toEqual([{ type: 'text', text: 'It' }])
    expect(tags.push(' is a <')).toEqual([{ type: 'text', text: ' is a ' }])
    expect(tags.push('b>')).toEqual([{ type: 'text', text: '<b>' }])
  })
})

function run(pieces: readonly string[], opened: boolean) {
  const tags = createThinkTags({ opened })
  const parts = [...pieces.flatMap((piece) => tags.push(piece)), ...tags.end()]
  const joined = (type: string) => parts.flatMap((part) => (part.type === type ? [part.text] : [])).join('')
  return { text: joined('text'), reasoning: joined('reasoning') }
}

function cutsOf(text: string) {
  return fc
    .array(fc.nat({ max: text.length }), { maxLength: text.length })
    .map((cuts) => [0, ...cuts.toSorted((a, b) => a - b), text.length])
    .map((cuts) => cuts.slice(1).map((cut, at) => text.slice(cuts[at], cut)))
}
