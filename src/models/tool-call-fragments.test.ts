import { expect, test } from 'vitest'
import { createToolCallFragments, type ToolCallFragment } from './tool-call-fragments.ts'

test.each<[title: string, fragments: ToolCallFragment[], expected: string[]]>([
  [
    'fragments join by number, the id being in the first only',
    [
      { index: 0, id: 'a', name: 'x', args: '' },
      { index: 1, id: 'b', name: 'y', args: '{"n"' },
      { index: 0, args: '{"m":' },
      { index: 1, args: ':2}' },
      { index: 0, args: '1}' },
    ],
    ['a x {"m":1}', 'b y {"n":2}'],
  ],
  [
    'whole calls that all have number 0 stay apart by their ids',
    [
      { index: 0, id: 'a', name: 'x', args: '{}' },
      { index: 0, id: 'b', name: 'x', args: '{}' },
    ],
    ['a x {}', 'b x {}'],
  ],
  [
    'and without ids by their names',
    [
      { index: 0, name: 'x', args: '{}' },
      { index: 0, name: 'x', args: '{"a":1}' },
    ],
    ['undefined x {}', 'undefined x {"a":1}'],
  ],
  [
    'a repeated id or name continues the call',
    [
      { index: 0, id: 'a', name: 'x', args: '{"a"' },
      { index: 0, id: 'a', name: 'x', args: ':1}' },
    ],
    ['a x {"a":1}'],
  ],
  [
    'fragments without number continue the latest call',
    [{ name: 'x', args: '{"a"' }, { args: ':1}' }],
    ['undefined x {"a":1}'],
  ],
  [
    'no arguments are an empty object',
    [
      { index: 0, name: 'x' },
      { index: 1, name: 'y', args: '""' },
      { index: 2, name: 'z', args: 'null' },
    ],
    ['undefined x {}', 'undefined y {}', 'undefined z {}'],
  ],
  [
    'arguments encoded twice are decoded once',
    [{ index: 0, name: 'x', args: '"{\\"a\\":1}"' }],
    ['undefined x {"a":1}'],
  ],
  ['broken arguments stay as they are', [{ index: 0, name: 'x', args: "{'a':1}" }], ["undefined x {'a':1}"]],
  ['what never got a name is no call', [{ index: 0, args: '{}' }], []],
])('%s', (_title, fragments, expected) => {
  const calls = createToolCallFragments()
  for (const fragment of fragments) calls.add(fragment)
  expect(calls.end().map(({ id, name, argumentsText }) => `${id} ${name} ${argumentsText}`)).toEqual(expected)
})
