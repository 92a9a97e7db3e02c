import { expect, test } from 'vitest'
import { redactSecrets } from './redact-secrets.ts'

const HEX_64 = '0123456789abcdef'.repeat(4)

test.each([
  ['https://eth-mainnet.g.alchemy.com/v2/abcdefgh failed', 'https://eth-mainnet.g.alchemy.com/[redacted] failed'],
  ['(see https://rpc.example/?apikey=abc).', '(see https://rpc.example/[redacted]).'],
  ['wss://user:pass@host:8546 is down', 'wss://[redacted]@host:8546 is down'],
  ['postgres://u:p/a@ss@db:5432/groundwire refused', 'postgres://[redacted]@db:5432/[redacted] refused'],
  ['rediss://:hunter2@cache:6380', 'rediss://[redacted]@cache:6380'],
  ['host=db password=hunter2 dbname=x', 'host=db password=[redacted] dbname=x'],
  ["{ password: 'two words', port: 1 }", '{ password: [redacted], port: 1 }'],
  ['Authorization: Bearer abcdef.123', 'Authorization: [redacted] [redacted]'],
  ['Basic dXNlcjpwYXNz was refused', 'Basic [redacted] was refused'],
  ['key sk-proj-abcd1234, gw_abcd1234 and rpa_ABCD1234', 'key [redacted], [redacted] and [redacted]'],
  ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw is short', '[redacted] is short'],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln expired', '[redacted] expired'],
  [`private key 0x${HEX_64} is not valid`, 'private key [redacted] is not valid'],
])('%j becomes %j', (text, expected) => {
  expect(redactSecrets(text)).toBe(expected)
})

test.each([
  `transaction 0x${HEX_64} of 0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045`,
  'run_0123456789abcdef01234567 took 3 steps of a task-force',
  'password authentication failed for user "groundwire"',
  'http://127.0.0.1:8787/v1',
  'https://api.runpod.ai/v2',
  'connect ECONNREFUSED 127.0.0.1:5432',
])('%j stays as it is', (text) => {
  expect(redactSecrets(text)).toBe(text)
})

test('fields with the name of a secret lose their value, and the line stays JSON', () => {
  const line = JSON.stringify({
    headers: { authorization: 'Bearer "x\\', 'X-Api-Key': ['a', 'b'], cookie: 'a=b' },
    privateKey: `0x${HEX_64}`,
    openaiApiKey: 'abc',
    connectionString: 'host=/tmp user=x',
    body: JSON.stringify({ api_key: 'a "quoted" key', url: 'postgres://u:p"q@h/db' }),
    usage: { promptTokens: 12 },
    hash: `0x${HEX_64}`,
  })
  const clean = redactSecrets(line)
  expect(JSON.parse(clean)).toMatchObject({
    headers: { authorization: '[redacted]', 'X-Api-Key': '[redacted]', cookie: '[redacted]' },
    privateKey: '[redacted]',
    openaiApiKey: '[redacted]',
    connectionString: '[redacted]',
    usage: { promptTokens: 12 },
    hash: `0x${HEX_64}`,
  })
  expect(clean).not.toMatch(/quoted|u:p|q@h/)
})

test('a line is cleaned as often as it passes, with the same end', () => {
  const once = redactSecrets(JSON.stringify({ apiKey: 'x', msg: 'Bearer abcdef token=abc postgres://u:p@h/db' }))
  expect(redactSecrets(once)).toBe(once)
})

test.each([
  ['backslashes', `token${'\\'.repeat(50_000)}`],
  ['brackets', `https://${')'.repeat(50_000)}x`],
  ['dots', `seed ${'a.'.repeat(50_000)}`],
  ['names', 'key":'.repeat(20_000)],
  ['quotes', `token=${'\\"'.repeat(20_000)}`],
])('100 kB of %s take no longer than a line that long must', (_what, text) => {
  const startedAtMs = performance.now()
  redactSecrets(text)
  expect(performance.now() - startedAtMs).toBeLessThan(1_000) // a quadratic pattern takes ten times that
})
