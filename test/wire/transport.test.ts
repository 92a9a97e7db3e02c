import { Readable } from 'node:stream'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { HELLO, says, startHttp, WALLET } from '../support/http-gateway.ts'
import { sendRaw } from '../support/raw-http.ts'

const AS_CALLER = { headers: { 'x-wallet-address': WALLET } }
const JSON_TYPE = { 'content-type': 'application/json' }
const HELLO_TEXT = JSON.stringify(HELLO)

test('§1.1 the root says what this is', async () => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(gateway.url)
  expect(await response.json()).toMatchObject({ name: 'groundwire', routes: expect.any(Object) })
})

test.each(['//v1//models', '/v1/models/', '/v1//models?limit=1', '//v1/models//?a=//b/'])(
  '§1.1 a carelessly joined URL is understood: %s',
  async (path) => {
    const gateway = await startHttp(says('ok'))
    const response = await fetch(gateway.url + path, AS_CALLER)
    expect(await response.json()).toMatchObject({ object: 'list' })
  },
)

test.each(['http://elsewhere.example/v1/models', 'https://elsewhere.example//v1/models/?a=b'])(
  '§1.1 a client that takes the gateway for a proxy is understood: %s',
  async (target) => {
    const gateway = await startHttp(says('ok'))
    const head = `GET ${target} HTTP/1.1\r\nx-wallet-address: ${WALLET}\r\nconnection: close\r\n\r\n`
    const { status, body } = await sendRaw(gateway.url, head)
    expect(status).toBe(200)
    expect(body).toContain('"object":"list"')
  },
)

test('§1.1 HEAD answers as GET, without a body', async () => {
  const gateway = await startHttp(says('ok'))
  for (const path of ['/', '/health', '/ready', '/v1/models', '/v1/models/operator']) {
    const asked = await fetch(gateway.url + path, AS_CALLER)
    const response = await fetch(gateway.url + path, { method: 'HEAD', ...AS_CALLER })
    expect(response.status).toBe(200)
    expect(response.headers.get('content-length')).toBe(asked.headers.get('content-length'))
    expect(await response.text()).toBe('')
  }
})

test.each([
  ['GET', '/v1/chat/completions', 'POST, OPTIONS'],
  ['HEAD', '/v1/chat/completions', 'POST, OPTIONS'],
  ['DELETE', '/v1/models/operator', 'GET, HEAD, OPTIONS'],
  ['POST', '/v1/models', 'GET, HEAD, OPTIONS'],
  ['PUT', '/health', 'GET, HEAD, OPTIONS'],
])('§1.1 %s %s is a 405 that names what is allowed, before it asks for credentials', async (method, path, allow) => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(gateway.url + path, { method })
  expect(response.status).toBe(405)
  expect(response.headers.get('allow')).toBe(allow)
  if (method === 'HEAD') return
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } })
})

test.each([
  ['/v1/chat/completions', 'POST, OPTIONS'],
  ['/v1/models/', 'GET, HEAD, OPTIONS'],
  ['/health', 'GET, HEAD, OPTIONS'],
])('§1.1 OPTIONS %s says what is allowed, to anyone', async (path, allow) => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(gateway.url + path, { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(response.headers.get('allow')).toBe(allow)
})

test('§1.1 OPTIONS of what is not there is a 404', async () => {
  const gateway = await startHttp(says('ok'))
  expect((await fetch(`${gateway.url}/nowhere`, { method: 'OPTIONS' })).status).toBe(404)
})

test('§1.1 a web page may call: a preflight needs no credentials, and gets the headers it asked for', async () => {
  const gateway = await startHttp(says('ok'))
  const asked = 'authorization,content-type,x-stainless-retry-count,x-wallet-address'
  const preflight = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'OPTIONS',
    headers: {
      origin: 'https://app.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': asked,
    },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(preflight.headers.get('access-control-allow-headers')).toBe(asked)
  expect(preflight.headers.get('access-control-allow-methods')).toBe('GET,HEAD,POST,PATCH,DELETE')
  expect(preflight.headers.get('vary')).toBe('Origin, Access-Control-Request-Headers')
  const refused = await fetch(`${gateway.url}/v1/models`, { headers: { origin: 'https://app.example' } })
  expect(refused.status).toBe(401)
  expect(refused.headers.get('access-control-allow-origin')).toBe('https://app.example')
  expect(refused.headers.get('access-control-expose-headers')).toMatch(/x-request-id.*x-groundwire-run-id.*retry-after/)
  expect(refused.headers.get('access-control-allow-credentials')).toBeNull()
})

test.each([
  ['application/json; charset=utf-8', HELLO_TEXT],
  ['application/json;charset="UTF-8"', HELLO_TEXT],
  ['Application/JSON', HELLO_TEXT],
  ['application/vnd.api+json', HELLO_TEXT],
  ['application/json', `\ufeff${HELLO_TEXT}`],
  ['application/json', `${HELLO_TEXT}\r\n`],
  ['application/json', '{"messages":1,"messages":[{"role":"user","content":"hello"}],"__proto__":{"stream":true}}'],
])('§1.1 a body as %s is read: %j', async (type, body) => {
  const gateway = await startHttp(says('ok'))
  const response = await gateway.ask(body, { headers: { 'content-type': type } })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
})

test.each([
  ['identity', (text: string) => Buffer.from(text)],
  ['gzip', gzipSync],
  ['GZIP', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
])('§1.1 a body encoded as %s is read', async (encoding, pack) => {
  const gateway = await startHttp(says('ok'))
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...AS_CALLER.headers, ...JSON_TYPE, 'content-encoding': encoding },
    body: new Uint8Array(pack(HELLO_TEXT)),
  })
  expect(response.status).toBe(200)
})

const UNREADABLE: [
  what: string,
  status: number,
  code: string | null,
  headers: Record<string, string>,
  body: string | Uint8Array<ArrayBuffer>,
][] = [
  ['broken JSON', 400, null, JSON_TYPE, '{"messages": [{"role": "user", "content": "my secret'],
  ['JSON that ends in a comma', 400, null, JSON_TYPE, '{"messages": [],}'],
  ['text with a JSON type', 400, null, JSON_TYPE, 'hello'],
  ['JSON that is no object', 400, 'invalid_type', JSON_TYPE, '[]'],
  ['bytes that are no UTF-8', 400, null, JSON_TYPE, new Uint8Array(Buffer.from('{"a":"secret\xff"}', 'latin1'))],
  ['half a character', 400, null, JSON_TYPE, new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['UTF-16', 415, null, { 'content-type': 'application/json; charset=utf-16' }, new Uint8Array([0xff, 0xfe, 0x7b, 0])],
  ['UTF-16 by stealth', 400, null, JSON_TYPE, new Uint8Array(Buffer.from(HELLO_TEXT, 'utf16le'))],
  ['the type curl sends', 415, null, { 'content-type': 'application/x-www-form-urlencoded' }, HELLO_TEXT],
  ['no type', 415, null, {}, new Uint8Array(Buffer.from(HELLO_TEXT))],
  ['an unknown charset', 415, null, { 'content-type': 'application/json; charset=klingon' }, HELLO_TEXT],
  ['an unknown encoding', 415, null, { ...JSON_TYPE, 'content-encoding': 'rot13' }, HELLO_TEXT],
  [
    'two encodings',
    415,
    null,
    { ...JSON_TYPE, 'content-encoding': 'gzip, gzip' },
    new Uint8Array(gzipSync(gzipSync(HELLO_TEXT))),
  ],
  ['a broken encoding', 400, null, { ...JSON_TYPE, 'content-encoding': 'gzip' }, HELLO_TEXT],
  [
    'an encoding cut short',
    400,
    null,
    { ...JSON_TYPE, 'content-encoding': 'gzip' },
    new Uint8Array(gzipSync(HELLO_TEXT).subarray(0, 20)),
  ],
  ['too large a body', 413, 'request_too_large', JSON_TYPE, JSON.stringify({ pad: 'x'.repeat(2_000) })],
  ...(
    [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
      ['br', brotliCompressSync],
    ] as const
  ).map(([encoding, pack]): (typeof UNREADABLE)[number] => [
    `a bomb of ${encoding}`,
    413,
    'request_too_large',
    { ...JSON_TYPE, 'content-encoding': encoding },
    new Uint8Array(pack(Buffer.alloc(1_000_000))),
  ]),
]

test.each(UNREADABLE)('§1.1 a request with %s is a %i', async (_what, status, code, headers, body) => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 1_024 } })
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'x-wallet-address': WALLET, ...headers },
    body,
  })
  const text = await response.text()
  expect(response.status, text).toBe(status)
  expect(JSON.parse(text)).toEqual({
    error: { message: expect.any(String), type: 'invalid_request_error', param: null, code },
  })
  expect(text).not.toContain('secret')
  expect(gateway.orders).toEqual([])
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(JSON.stringify(gateway.log)).not.toMatch(/secret|xxxx/)
})

test('§1.1 a request without a body is told what it lacks', async () => {
  const gateway = await startHttp(says('never'))
  for (const headers of [{}, JSON_TYPE]) {
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'x-wallet-address': WALLET, ...headers },
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: 'missing_required_parameter', param: 'messages' } })
  }
})

const POST = `POST /v1/chat/completions HTTP/1.1\r\nx-wallet-address: ${WALLET}\r\ncontent-type: application/json\r\n`
const CHUNK = `400\r\n${'x'.repeat(1_024)}\r\n`

test('§1.1 too large a body is refused before it is there, and the connection ends', async () => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 1_024 } })
  const declared = `${POST}content-length: 1000000000000\r\n\r\n{`
  const inChunks = `${POST}transfer-encoding: chunked\r\n\r\n${CHUNK}${CHUNK}`
  const replies = await Promise.all([sendRaw(gateway.url, declared), sendRaw(gateway.url, inChunks)])
  for (const { status, head, body } of replies) {
    expect(status).toBe(413)
    expect(head).toContain('\r\nconnection: close')
    expect(JSON.parse(body)).toMatchObject({ error: { code: 'request_too_large' } })
  }
})

test('§1.1 a caller who is still sending reads why it is refused', async () => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 100_000 } })
  const endless = Readable.from(
    (function* () {
      for (;;) yield Buffer.alloc(50_000, 'x')
    })(),
  )
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...AS_CALLER.headers, ...JSON_TYPE },
    body: Readable.toWeb(endless) as ReadableStream,
    duplex: 'half',
  } as RequestInit)
  expect(response.status).toBe(413)
  expect(await response.json()).toMatchObject({ error: { code: 'request_too_large' } })
  await expect.poll(() => gateway.log).toHaveLength(1)
  endless.destroy()
})

const TEN_MB = 10_000_000

test.each([
  ['brackets', Buffer.alloc(TEN_MB, '['), /nested too deeply: more than 100 levels/],
  ['objects in one another', Buffer.alloc(TEN_MB, '{"a":'), /nested too deeply/],
  ['numbers', Buffer.from(`[0${',0'.repeat(TEN_MB / 2)}]`), /too many values: more than 100000/],
  ['empty lists', Buffer.from(`[[]${',[]'.repeat(TEN_MB / 3)}]`), /too many values/],
  ['empty texts', Buffer.from(`[""${',""'.repeat(TEN_MB / 3)}]`), /too many values/],
])('§1.1 ten megabytes of %s are refused before they are parsed', async (_what, body, message) => {
  const gateway = await startHttp(says('never'), { settings: { bodyLimitBytes: 2 * TEN_MB } })
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { ...AS_CALLER.headers, ...JSON_TYPE },
    body: new Uint8Array(body),
  })
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { message: expect.stringMatching(message), code: null } })
})

test('§1.1 ten megabytes of one text are no matter', async () => {
  const gateway = await startHttp(says('ok'), { settings: { bodyLimitBytes: 2 * TEN_MB } })
  const content = '[{",\\'.repeat(TEN_MB / 7)
  const response = await gateway.ask({ messages: [{ role: 'user', content }] })
  expect(response.status).toBe(200)
  expect(gateway.orders[0]?.messages.at(-1)).toEqual({ role: 'user', text: content })
})

test.each([
  ['a length beside chunks', `${POST}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['two lengths', `${POST}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`],
  ['a folded header', `${POST}x-odd: a\r\n b\r\ncontent-length: 2\r\n\r\n{}`],
  ['a NUL in a header', `${POST}x-odd: a\0b\r\ncontent-length: 2\r\n\r\n{}`],
  ['a header without a name', `${POST}: a\r\ncontent-length: 2\r\n\r\n{}`],
  ['a space before the colon', `${POST}x-odd : a\r\ncontent-length: 2\r\n\r\n{}`],
  ['a NUL in its path', 'GET /v1/models/\0 HTTP/1.1\r\n\r\n'],
  ['a length that is none', `${POST}content-length: 0x2\r\n\r\n{}`],
  ['a chunk that has no length', `${POST}transfer-encoding: chunked\r\n\r\nzz\r\n`],
  ['a coding that is not chunks', `${POST}transfer-encoding: gzip\r\n\r\n{}`],
])('§1.1 a request with %s is a 400 in the envelope, and the connection ends', async (_what, request) => {
  const gateway = await startHttp(says('never'))
  const { status, head, body } = await sendRaw(gateway.url, request)
  expect(status).toBe(400)
  expect(head).toMatch(/\r\nx-request-id: req_\w{32}/)
  expect(JSON.parse(body)).toMatchObject({ error: { type: 'invalid_request_error', param: null, code: null } })
  expect(gateway.orders).toEqual([])
})

test.each([
  ['/v1/models/%00', 404],
  ['/v1/models/%zz', 400],
  ['/v1/models/%E0%A4%A', 400],
  ['/%zz', 404],
  ['/v1%2Fmodels', 404],
  ['/v1/models/..%2f..%2fetc%2fpasswd', 404],
  ['/v1/models?%zz=%zz&a[b]=c&__proto__=d', 200],
  ['*', 404],
  ['http://', 200],
  ['http://[::1/v1/models', 200],
])('§1.1 an odd path is no fault of ours: %s', async (path, status) => {
  const gateway = await startHttp(says('never'))
  const reply = await sendRaw(
    gateway.url,
    `GET ${path} HTTP/1.1\r\nhost: x\r\nx-wallet-address: ${WALLET}\r\nconnection: close\r\n\r\n`,
  )
  expect(reply.status, reply.body).toBe(status)
  if (status !== 200) expect(JSON.parse(reply.body)).toMatchObject({ error: { type: 'invalid_request_error' } })
})
