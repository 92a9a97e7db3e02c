import { HttpRequestError, TimeoutError } from 'viem'
import { expect, test } from 'vitest'
import { toReason } from './to-reason.ts'
import { ToolError } from './tool-error.ts'

const SECRET = 'https://eth.example/v2/s3cr3t-key'

test("an author's message reaches the model as it is", () => {
  expect(toReason(new ToolError('There is no pool of these tokens. Name two others.'))).toBe(
    'There is no pool of these tokens. Name two others.',
  )
})

test.each([
  ['an HTTP error of viem', new HttpRequestError({ url: SECRET, status: 403, body: { key: 's3cr3t-key' } })],
  ['a timeout of viem', new TimeoutError({ url: SECRET, body: {} })],
  ['a message that quotes a URL', new Error(`cannot reach ${SECRET}, nor ws://10.0.0.7:8545`)],
  ['a socket error', Object.assign(new Error('connect ECONNREFUSED 10.0.0.7:8545'), { code: 'ECONNREFUSED' })],
  ['a fetch that failed', new TypeError('fetch failed', { cause: { code: 'UND_ERR_SOCKET' } })],
])('%s names no server and no key', (_, thrown) => {
  const reason = toReason(thrown)
  expect(reason).not.toMatch(/s3cr3t|:\/\/|10\.0\.0\.7|8545/)
  expect(reason.length).toBeGreaterThan(10)
})

test.each([
  ['a string', 'out of luck', 'out of luck'],
  ['nothing', undefined, 'The tool failed and gave no reason.'],
  ['an object', { code: 7 }, 'The tool failed and gave no reason.'],
  ['an error without a message', new Error(''), 'The tool failed and gave no reason.'],
])('%s that was thrown becomes a reason', (_, thrown, reason) => {
  expect(toReason(thrown)).toBe(reason)
})

test('a reason is one short line without invisible characters', () => {
  const reason = toReason(new Error(`revert:\n\u202e${'x'.repeat(5_000)}`))
  expect(reason).toMatch(/^revert: x+$/)
  expect(reason).toHaveLength(500)
})
