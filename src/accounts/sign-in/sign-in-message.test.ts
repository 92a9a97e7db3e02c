import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseSignInMessage, STATEMENT, toSignInText } from './sign-in-message.ts'

const ADDRESS = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const place = (publicUrl = 'https://gateway.example') => ({ publicUrl, chainIds: [1, 8453] })
const ISSUED_AT_MS = Date.parse('2026-11-22T06:30:00Z')
const order = {
  address: ADDRESS,
  chainId: 8453,
  nonce: '9f86d081884c7d659a2feaa0c55ad015',
  issuedAtMs: ISSUED_AT_MS,
  expirationTimeMs: ISSUED_AT_MS + 300_000,
} as const

const TEXT = [
  'gateway.example wants you to sign in with your Ethereum account:',
  ADDRESS,
  '',
  STATEMENT,
  '',
  'URI: https://gateway.example',
  'Version: 1',
  'Chain ID: 8453',
  'Nonce: 9f86d081884c7d659a2feaa0c55ad015',
  'Issued At: 2026-11-22T06:30:00.000Z',
  'Expiration Time: 2026-11-22T06:35:00.000Z',
].join('\n')

const parsed = {
  address: ADDRESS,
  chainId: 8453,
  nonce: order.nonce,
  issuedAtMs: ISSUED_AT_MS,
  expirationTimeMs: ISSUED_AT_MS + 300_000,
  notBeforeMs: undefined,
}

const refusalOf = (text: string, at = place()) => {
  try {
    return parseSignInMessage(text, at)
  } catch (error) {
    return error
  }
}

test('the message that is written is in the form of EIP-4361, and is read again', () => {
  expect(toSignInText(place(), order)).toBe(TEXT)
  expect(parseSignInMessage(TEXT, place())).toEqual({ ...parsed, text: TEXT })
})

test.each([
  'http://localhost:8787',
  'http://127.0.0.1:8787',
  'http://[::1]:8787',
  'http://nas:8787',
  'http://http',
  'https://gateway.example/below',
])('a gateway at %s is signed in to', (publicUrl) => {
  const text = toSignInText(place(publicUrl), order)
  expect(text.startsWith(`${new URL(publicUrl).host} wants`)).toBe(true)
  expect(parseSignInMessage(text, place(publicUrl))).toEqual({ ...parsed, text })
  const withScheme = `${new URL(publicUrl).protocol}//${text}`
  expect(parseSignInMessage(withScheme, place(publicUrl))).toEqual({ ...parsed, text: withScheme })
})

test.each<[string, (text: string) => string]>([
  ['without a statement', (text) => text.replace(`${STATEMENT}\n\n`, '\n')],
  ['with a statement of its own', (text) => text.replace(STATEMENT, 'Hello, Nonce: 12345678')],
  ['with a URI below ours', (text) => text.replace('URI: https://gateway.example', '$&/auth?a=b')],
  ['with a request id', (text) => `${text}\nRequest ID: 7`],
  ['with seconds only', (text) => text.replaceAll('.000Z', 'Z')],
  ['with an offset', (text) => text.replaceAll('T06', 'T08').replaceAll('.000Z', '+02:00')],
  ['with a finer clock', (text) => text.replaceAll('.000Z', '.000000Z')],
])('a message %s is one too', (_title, change) => {
  expect(refusalOf(change(TEXT))).toMatchObject(parsed)
})

test('a message may say from when on it counts, and need not say until when', () => {
  const text = `${TEXT.replace(/\nExp.*/, '')}\nNot Before: 2026-11-22T06:31:00Z`
  const times = { expirationTimeMs: undefined, notBeforeMs: ISSUED_AT_MS + 60_000 }
  expect(parseSignInMessage(text, place())).toMatchObject(times)
})

const line = (name: string, value: string) => (text: string) =>
  text.replace(new RegExp(`^${name}: .*`, 'm'), `${name}: ${value}`)
const FORM = /not in the form of EIP-4361/

test.each<[string, (text: string) => string, RegExp]>([
  ['another domain', (text) => text.replace('gateway', 'gatevvay'), /must begin with 'gateway\.example wants you/],
  ['a domain that ours is the end of', (text) => `evil.${text}`, /must begin with/],
  ['our domain at another port', (text) => text.replace('example', 'example:444'), /must begin with/],
  ['another scheme', (text) => `http://${text}`, /must begin with/],
  ['something before it', (text) => `\n${text}`, /must begin with/],
  ['other words', (text) => text.replace('Ethereum', 'ethereum'), /must begin with/],
  ['a second first line', (text) => text.replace(ADDRESS, `${TEXT.split('\n')[0]}\n${ADDRESS}`), /second line/],
  ['no address', (text) => text.replace(`${ADDRESS}\n`, ''), /second line of the message must be the address/],
  ['half an address', (text) => text.replace(ADDRESS, ADDRESS.slice(0, 20)), /second line/],
  ['an address in lower case', (text) => text.replace(ADDRESS, ADDRESS.toLowerCase()), /checksum: 0xd8dA6BF2/],
  ['a wrong checksum', (text) => text.replace('0xd8dA', '0xd8da'), /checksum: 0xd8dA6BF2/],
  ['no empty third line', (text) => text.replace(`${ADDRESS}\n`, ADDRESS), /third empty/],
  ['another URI', line('URI', 'https://evil.example'), /must say 'URI: https:\/\/gateway\.example'/],
  ['a URI that ours is the beginning of', line('URI', 'https://gateway.example.evil.example'), /must say 'URI/],
  ['a URI with a user', line('URI', 'https://gateway.example@evil.example'), /must say 'URI/],
  ['a URI of another scheme', line('URI', 'http://gateway.example'), /must say 'URI/],
  ['a URI that is none', line('URI', 'https://gateway.example/a b'), FORM],
  ['another version', line('Version', '2'), /must say 'Version: 1'/],
  ['a version with a blank', line('Version', '1 '), /must say 'Version: 1'/],
  ['another chain', line('Chain ID', '137'), /one of these chains by its 'Chain ID': 1, 8453/],
  ['a chain with a zero before it', line('Chain ID', '01'), FORM],
  ['a chain in hex', line('Chain ID', '0x1'), FORM],
  ['a short nonce', line('Nonce', 'short12'), FORM],
  ['no time of issue', (text) => text.replace(/\nIssued At.*/, ''), FORM],
  ['a time that is none', line('Issued At', 'today'), FORM],
  ['a time without an offset', line('Issued At', '2026-11-22T06:30:00'), FORM],
  ['a time in other letters', line('Issued At', '2026-11-22t06:30:00z'), FORM],
  ['an expiry that is none', line('Expiration Time', 'never'), FORM],
  ['a line feed at its end', (text) => `${text}\n`, FORM],
  ['a blank at its end', (text) => `${text} `, FORM],
  ['other line ends', (text) => text.replaceAll('\n', '\r\n'), /other characters than ASCII/],
  ['letters of other alphabets', (text) => text.replace(STATEMENT, 'Sіgn in'), /other characters than ASCII/],
  ['a line after all', (text) => `${text}\nAnd more: yes`, FORM],
  ['a second nonce', (text) => `${text}\nNonce: aaaaaaaaaaaaaaaa`, FORM],
  ['a second message', (text) => `${text}\n${TEXT}`, FORM],
  ['two statements', (text) => text.replace(STATEMENT, `${STATEMENT}\n\n${STATEMENT}`), FORM],
  ['a statement of two lines', (text) => text.replace(STATEMENT, `${STATEMENT}\n${STATEMENT}`), FORM],
  ['fields for a statement', (text) => text.replace(STATEMENT, TEXT.split('\n').slice(5).join('\n')), FORM],
  ['fields in another order', (text) => text.replace(/(Version: 1)\n(Chain ID: \d+)/, '$2\n$1'), FORM],
  ['resources', (text) => `${text}\nResources:\n- https://gateway.example/all`, /must have no 'Resources'/],
  ['an empty list of resources', (text) => `${text}\nResources:`, /must have no 'Resources'/],
  ['resources that are none', (text) => `${text}\nResources:\n- all of it`, /must have no 'Resources'/],
  ['too many characters', (text) => text.replace(STATEMENT, 'a'.repeat(4_096)), /longer than 4096/],
  ['nothing in it', () => '', /must begin with/],
])('a message with %s is refused, and the refusal says why', (_title, change, reason) => {
  expect(refusalOf(change(TEXT))).toMatchObject({
    status: 401,
    code: 'invalid_siwe_message',
    type: 'authentication_error',
    message: expect.stringMatching(reason),
  })
})

test('whatever text comes is read as what it says, or refused as no message: nothing else is thrown', () => {
  const cut = fc.tuple(fc.nat(TEXT.length), fc.nat(40), fc.string({ maxLength: 40 }))
  fc.assert(
    fc.property(cut, ([at, length, put]) => {
      const text = TEXT.slice(0, at) + put + TEXT.slice(at + length)
      const result = refusalOf(text)
      expect(result).toMatchObject(
        result instanceof Error ? { code: 'invalid_siwe_message' } : { text, address: ADDRESS },
      )
    }),
    { numRuns: 2_000 },
  )
})
