import { expect, test } from 'vitest'
import { toReason } from './to-reason.ts'

test('the last complaints are the reason', () => {
  const printed = ['LOG:  starting', 'FATAL:  could not write', 'HINT:  free some space', 'LOG:  shut down'].join('\n')
  expect(toReason(printed)).toBe('FATAL:  could not write\nHINT:  free some space')
})

test('without complaints, what was said last is', () => {
  expect(toReason('one\ntwo\nthree\nfour\nfive\n')).toBe('two\nthree\nfour\nfive')
  expect(toReason('')).toMatch(/said nothing/)
})
