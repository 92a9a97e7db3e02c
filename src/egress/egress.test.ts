import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import tls from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { HOOKS_CERTIFICATE } from '../../test/support/hooks-certificate.ts'
import { createEgress, type Egress, type EgressMessage } from './egress.ts'
import { EgressError } from './egress-error.ts'
import type { Resolve } from './guarded-connect.ts'

const MESSAGE: EgressMessage = {
  headers: { 'content-type': 'application/json' },
  body: '{"hello":"world"}',
  timeoutMs: 5_000,
  maxBytes: 1_000,
  signal: new AbortController().signal,
}

const answers =
  (...addresses: readonly string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))

const startEgress = (options: Partial<Parameters<typeof createEgress>[0]> = {}): Egress =>
  createEgress({ allow: [], ...options })

async function listenOn(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

const startPlain = (listener: RequestListener) => listenOn(createServer(listener))
const startTls = (listener: RequestListener) => listenOn(createTlsServer(HOOKS_CERTIFICATE, listener))

/** As if an authority had signed the certificate of the specs. */
function trustCertificate(): void {
  const before = tls.getCACertificates('default')
  tls.setDefaultCACertificates([...before, HOOKS_CERTIFICATE.cert])
  onTestFinished(() => tls.setDefaultCACertificates(before))
}

const failure = (sent: Promise<unknown>): Promise<EgressError> =>
  sent.then(
    () => expect.fail('it was sent'),
    (error) => (error instanceof EgressError ? error : expect.fail(String(error))),
  )

test('a message goes by https to the address that its host leads to, with the host in its certificate', async () => {
  trustCertificate()
  const heard: unknown[] = []
  const port = await startTls((req, res) => {
    req.setEncoding('utf8').on('data', (body) => heard.push([req.method, req.url, req.headers.host, body]))
    res.writeHead(202).end('thanks')
  })
  const egress = startEgress({ resolve: answers('127.0.0.1'), isPublic: () => true })
  expect(await egress.post(`https://hooks.test:${port}/in?key=1`, MESSAGE)).toEqual({ status: 202 })
  expect(heard).toEqual([['POST', '/in?key=1', `hooks.test:${port}`, MESSAGE.body]])
})

test('a host whose certificate is not for it is not spoken to', async () => {
  trustCertificate()
  let heard = 0
  const port = await startTls(() => heard++)
  const egress = startEgress({ resolve: answers('127.0.0.1'), isPublic: () => true })
  const wrongName = await failure(egress.post(`https://other.test:${port}/`, MESSAGE))
  expect(wrongName).toMatchObject({ reason: 'unreachable', code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
  expect(wrongName.message).not.toContain('127.0.0.1')
  expect(heard).toBe(0)
})

test.each([
  'https://127.0.0.1/',
  'https://2130706433/',
  'https://0x7f000001/',
  'https://0177.0.0.1/',
  'https://127.1/',
  'https://[::1]/',
  'https://[::ffff:127.0.0.1]/',
  'https://[::ffff:7f00:1]/',
  'https://[64:ff9b::a9fe:a9fe]/',
  'https://[fd00:ec2::254]/',
  'https://169.254.169.254/latest/meta-data/',
  'https://127.0.0.1./',
  'https://localhost/',
  'https://LOCALHOST./',
  'https://a.localhost/',
  'https://１２７.0.0.1/',
  'http://hooks.test/',
  'https://user:secret@hooks.test/',
  'https://hooks.test:22/',
  'https://hooks.test:80/',
  'https://hooks.test:0/',
  'ftp://hooks.test/',
  'file:///etc/passwd',
  'hooks.test',
])('what is no https to a public place is refused before anything is looked up: %s', async (url) => {
  let lookups = 0
  const egress = startEgress({ resolve: async () => [{ address: `93.184.216.${++lookups}`, family: 4 }] })
  expect(await failure(egress.post(url, MESSAGE))).toMatchObject({ reason: 'refused' })
  expect(lookups).toBe(0)
})

test.each([
  [['127.0.0.1']],
  [['10.0.0.8']],
  [['169.254.169.254']],
  [['::1']],
  [['::ffff:127.0.0.1']],
  [['93.184.216.34', '127.0.0.1']],
  [[]],
])('a name that leads anywhere else is refused, and nobody is told where: %j', async (addresses) => {
  const egress = startEgress({ resolve: answers(...addresses) })
  const error = await failure(egress.post('https://hooks.test/', MESSAGE))
  expect(error.reason).toBe('refused')
  for (const address of addresses) expect(`${error.message} ${error.stack}`).not.toContain(address)
})

test('a name that leads elsewhere the second time is judged anew: each connection goes where its own lookup said', async () => {
  trustCertificate()
  const port = await startTls((_req, res) => res.writeHead(204, { connection: 'close' }).end())
  const told = ['127.0.0.1', '127.0.0.2']
  const egress = startEgress({
    resolve: async () => [{ address: told.shift() ?? expect.fail('looked up too often'), family: 4 }],
    isPublic: (address) => address === '127.0.0.1',
  })
  expect(await egress.post(`https://hooks.test:${port}/`, MESSAGE)).toEqual({ status: 204 })
  expect(await failure(egress.post(`https://hooks.test:${port}/`, MESSAGE))).toMatchObject({ reason: 'refused' })
  expect(told).toEqual([])
})

test('a redirect is not followed', async () => {
  const asked: (string | undefined)[] = []
  const port = await startPlain((req, res) => {
    asked.push(req.url)
    const location = asked.length === 1 ? 'http://169.254.169.254/latest' : '/again'
    res.writeHead(307, { location }).end()
  })
  const egress = startEgress({ allow: ['127.0.0.1'] })
  expect(await egress.post(`http://127.0.0.1:${port}/first`, MESSAGE)).toEqual({ status: 307 })
  expect(await egress.post(`http://127.0.0.1:${port}/second`, MESSAGE)).toEqual({ status: 307 })
  expect(asked).toEqual(['/first', '/second'])
})

test('what the operator allows may be private and plain, on the port that is named or on any', async () => {
  const port = await startPlain((_req, res) => res.end())
  const url = `http://127.0.0.1:${port}/`
  for (const allow of ['127.0.0.1', `127.0.0.1:${port}`]) {
    expect(await startEgress({ allow: [allow] }).post(url, MESSAGE)).toEqual({ status: 200 })
  }
  const other = startEgress({ allow: ['127.0.0.1:1', 'localhost', '127.0.0', '[::1]'] })
  expect(await failure(other.post(url, MESSAGE))).toMatchObject({ reason: 'refused' })
})

test('a reply without end costs what the limit says, and its status counts', async () => {
  let left = false
  let written = 0
  const port = await startPlain((_req, res) => {
    res.once('close', () => {
      left = true
    })
    res.writeHead(200)
    const chunk = Buffer.alloc(64 * 1024)
    const pour = () => {
      for (let room = true; room && !res.destroyed; written += chunk.length) room = res.write(chunk)
    }
    res.on('drain', pour)
    pour()
  })
  const egress = startEgress({ allow: ['127.0.0.1'] })
  expect(await egress.post(`http://127.0.0.1:${port}/`, { ...MESSAGE, maxBytes: 100_000 })).toEqual({ status: 200 })
  await expect.poll(() => left).toBe(true)
  expect(written).toBeLessThan(100_000_000)
})

test('a host that does not answer in time is left', async () => {
  let left = 0
  const port = await startPlain((req) => req.socket.once('close', () => left++))
  const egress = startEgress({ allow: ['127.0.0.1'] })
  const url = `http://127.0.0.1:${port}/`
  expect(await failure(egress.post(url, { ...MESSAGE, timeoutMs: 50 }))).toMatchObject({ reason: 'timeout' })
  await expect.poll(() => left).toBe(1)
})

test('a body that drips is left when the time is up, and its status counts', async () => {
  const port = await startPlain((_req, res) => {
    res.writeHead(200)
    res.write('.')
  })
  const egress = startEgress({ allow: ['127.0.0.1'] })
  const url = `http://127.0.0.1:${port}/`
  expect(await egress.post(url, { ...MESSAGE, timeoutMs: 100 })).toEqual({ status: 200 })
})

test('a name that takes too long to look up is given up with the rest', async () => {
  const egress = startEgress({ resolve: () => new Promise(() => {}) })
  expect(await failure(egress.post('https://hooks.test/', { ...MESSAGE, timeoutMs: 50 }))).toMatchObject({
    reason: 'timeout',
  })
})

test('a name that does not exist is unreachable', async () => {
  const unknown = Object.assign(new Error('getaddrinfo ENOTFOUND hooks.test'), { code: 'ENOTFOUND' })
  const egress = startEgress({ resolve: () => Promise.reject(unknown) })
  expect(await failure(egress.post('https://hooks.test/', MESSAGE))).toMatchObject({
    reason: 'unreachable',
    code: 'ENOTFOUND',
  })
})

test('what is called off ends with the reason it was called off for', async () => {
  const port = await startPlain(() => controller.abort(new Error('enough')))
  const controller = new AbortController()
  const egress = startEgress({ allow: ['127.0.0.1'] })
  const sent = egress.post(`http://127.0.0.1:${port}/`, { ...MESSAGE, signal: controller.signal })
  await expect(sent).rejects.toThrow('enough')
})
