import { expect, test } from 'vitest'
import { unfence } from './unfence.ts'

test.each([
  ['```json\n{"a":1}\n```', '{"a":1}'],
  ['  ```\n{}\n```  ', '{}'],
  ['```{"a":1}```', '{"a":1}'],
  ['{"a":1}', '{"a":1}'],
  [' words ', 'words'],
  ['```json\n{"a":1}', '```json\n{"a":1}'],
  ['``````', ''],
  ['```', '```'],
  ['', ''],
])('%j holds %j', (text, inner) => {
  expect(unfence(text)).toBe(inner)
})

test('a million line ends are no more work than a million letters', () => {
  const blanks = '\n'.repeat(1_000_000)
  expect(unfence(`\`\`\`json${blanks}x`)).toHaveLength(1_000_008)
  expect(unfence(`\`\`\`json${blanks}{}${blanks}\`\`\``)).toBe('{}')
})
