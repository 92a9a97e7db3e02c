import { expect, test } from 'vitest'
import { isSlug } from './slug.ts'

test.each(['acme', 'a-b', '123', 'a--b', `a${'b'.repeat(38)}c`])('%s is a slug', (slug) => {
  expect(isSlug(slug)).toBe(true)
})

test.each([
  ...[
    '',
    'ab',
    'a'.repeat(41),
    '-ab',
    'ab-',
    'Acme',
    'a_b',
    'org_abcdefgh',
    'a b',
    'ab\n',
    'äbc',
    '0x'.padEnd(42, 'a'),
  ],
  ...['admin', 'invitations', 'personal', 'groundwire', 'default'],
])('%j is none', (slug) => {
  expect(isSlug(slug)).toBe(false)
})
