import { expect, test } from 'vitest'
import { HELLO, says, startHttp } from '../support/http-gateway.ts'
import { sendRaw } from '../support/raw-http.ts'

test('§1.9 every response has a request id: the caller’s own where it is harmless', async () => {
  const gateway = await startHttp(says('ok'))
  const idOf = async (path: string, id?: string) => {
    const response = await fetch(gateway.url + path, { headers: id === undefined ? {} : { 'x-request-id': id } })
    return response.headers.get('x-request-id')
  }
  expect(await idOf('/health', 'my.request-1_a')).toBe('my.request-1_a')
  for (const id of ['a b', 'x'.repeat(129), 'a"b', undefined])
    expect(await idOf('/nowhere', id)).toMatch(/^req_\w{32}$/)
  const completion = await gateway.ask(HELLO)
  expect(completion.headers.get('x-request-id')).toMatch(/^req_\w{32}$/)
})

test.each([
  'authorization',
  'content-encoding',
  'content-type',
  'host',
  'idempotency-key',
  'x-groundwire-tools',
  'x-groundwire-trace',
  'x-request-id',
  'x-wallet-address',
])('§1.9 the header %s sent twice is refused by name, whatever its case', async (name) => {
  const gateway = await startHttp(says('never'))
  const { status, body } = await sendRaw(
    gateway.url,
    `GET /v1/models HTTP/1.1\r\n${name}: a\r\n${name.toUpperCase()}: a\r\nconnection: close\r\n\r\n`,
  )
  expect(status).toBe(400)
  expect(JSON.parse(body)).toMatchObject({ error: { message: expect.stringContaining(`'${name}'`), code: null } })
})

test.each(['x-groundwire-tools', 'x-groundwire-trace'])(
  '§1.9 the header %s is a switch: what is neither on nor off is refused',
  async (name) => {
    const gateway = await startHttp(says('ok'))
    for (const word of ['on', 'OFF', '1', '0', 'True', 'false', '']) {
      expect((await gateway.ask(HELLO, { headers: { [name]: word } })).status).toBe(200)
    }
    const refused = await gateway.ask(HELLO, { headers: { [name]: 'maybe' } })
    expect([refused.status, refused.headers.get('x-groundwire-run-id')]).toEqual([400, null])
    expect((await refused.json()).error).toMatchObject({
      message: `Invalid header '${name}': expected 'on' or 'off'.`,
      param: name,
      code: 'invalid_value',
    })
  },
)

test('§1.9 other headers may be sent twice', async () => {
  const gateway = await startHttp(says('ok'))
  const { status } = await sendRaw(
    gateway.url,
    'GET /health HTTP/1.1\r\naccept: a\r\naccept: b\r\nx-forwarded-for: a\r\nx-forwarded-for: b\r\nconnection: close\r\n\r\n',
  )
  expect(status).toBe(200)
})

const STAINLESS = ['arch', 'lang', 'os', 'package-version', 'runtime', 'runtime-version', 'retry-count', 'timeout']

test('§1.9 what SDKs say of themselves is no matter', async () => {
  const gateway = await startHttp(says('ok'))
  const headers = Object.fromEntries(STAINLESS.map((name) => [`x-stainless-${name}`, 'x']))
  const response = await gateway.ask(HELLO, {
    headers: { ...headers, 'openai-organization': 'org', 'openai-project': 'project', traceparent: 'garbage' },
  })
  expect(response.status).toBe(200)
})

test('§1.9 responses say little of the server, and cannot be taken for a page', async () => {
  const gateway = await startHttp(says('ok'))
  const { headers } = await fetch(gateway.url)
  expect(headers.get('x-powered-by')).toBeNull()
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'")
})
