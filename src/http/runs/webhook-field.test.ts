import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { GatewayError } from '../../errors.ts'
import { parseRequest } from '../parse-request.ts'
import { SHARED_FIELDS } from '../shared-fields.ts'
import { parseWebhook } from './webhook-field.ts'

const secretOf = (bytes: number) => `whsec_${randomBytes(bytes).toString('base64')}`
const SECRET = secretOf(32)
const URL_PARAM = 'groundwire.webhook.url'
const SECRET_PARAM = 'groundwire.webhook.secret'

function parse(webhook: unknown, { background = true, egressAllow = [] as string[] } = {}) {
  const groundwire = parseRequest(SHARED_FIELDS.groundwire, { webhook }, ['groundwire'])
  return parseWebhook(groundwire?.webhook, { background, egressAllow })
}

function complaint(webhook: unknown, options?: Parameters<typeof parse>[1]): GatewayError {
  try {
    parse(webhook, options)
  } catch (error) {
    return error as GatewayError
  }
  return expect.fail('it was taken')
}

test('a URL is taken as it is written, without its fragment', () => {
  expect(parse({ url: 'https://Example.com/hooks?key=a%20b#top', secret: SECRET })).toEqual({
    url: 'https://example.com/hooks?key=a%20b',
    secret: SECRET,
  })
})

test.each([undefined, null])('without a webhook there is none: %s', (webhook) => {
  expect(parse(webhook, { background: false })).toBeUndefined()
})

test('a webhook is for runs in the background, and the complaint says so', () => {
  const error = complaint({ url: 'https://example.com/', secret: SECRET }, { background: false })
  expect(error).toMatchObject({ status: 400, param: 'groundwire.webhook', code: 'invalid_value' })
  expect(error.message).toContain("'background': true")
})

test.each([
  'http://example.com/',
  'https://me:pw@example.com/',
  'https://localhost/',
  'https://10.0.0.1/',
  'https://[::ffff:127.0.0.1]/',
  'https://2130706433/',
  'https://example.com:25/',
  'example.com',
  '',
  `https://example.com/${'x'.repeat(2_048)}`,
])('where nothing may be sent, and why, is said when the run is ordered: %s', (url) => {
  expect(complaint({ url, secret: SECRET })).toMatchObject({ status: 400, param: URL_PARAM, code: 'invalid_value' })
})

test('what the operator allows may be private and plain', () => {
  const egressAllow = ['hooks.internal:8080']
  const url = 'http://hooks.internal:8080/in'
  expect(parse({ url, secret: SECRET }, { egressAllow })).toEqual({ url, secret: SECRET })
  expect(complaint({ url: 'http://hooks.internal/in', secret: SECRET }, { egressAllow }).param).toBe(URL_PARAM)
})

test.each([24, 25, 26, 32, 63, 64])('a secret of %i bytes is taken', (bytes) => {
  const secret = secretOf(bytes)
  expect(parse({ url: 'https://example.com/', secret })).toMatchObject({ secret })
})

test.each([
  secretOf(23),
  secretOf(65),
  secretOf(32).slice('whsec_'.length),
  'whsec_',
  `whsec_${'?'.repeat(32)}`,
  `${secretOf(24)}=`,
  secretOf(32).replace('=', ''),
  '',
])('a secret that is none is refused without being repeated: %s', (secret) => {
  const error = complaint({ url: 'https://example.com/', secret })
  expect(error).toMatchObject({ status: 400, param: SECRET_PARAM, code: 'invalid_value' })
  if (secret !== '') expect(error.message).not.toContain(secret.slice(6) || 'nothing')
})

test.each([
  [{ secret: SECRET }, URL_PARAM, 'missing_required_parameter'],
  [{ url: 'https://example.com/' }, SECRET_PARAM, 'missing_required_parameter'],
  [{ url: 1, secret: SECRET }, URL_PARAM, 'invalid_type'],
  ['https://example.com/', 'groundwire.webhook', 'invalid_type'],
])('a webhook without its parts is refused: %j', (webhook, param, code) => {
  expect(complaint(webhook)).toMatchObject({ status: 400, param, code })
})
