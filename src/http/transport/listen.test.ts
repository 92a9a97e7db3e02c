import { once } from 'node:events'
import { Agent, createServer, get, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from './listen.ts'

const HERE = { host: '127.0.0.1', port: 0 }

async function listenFor(answer: (res: ServerResponse) => void) {
  const listening = await listen((_req, res) => answer(res), HERE)
  onTestFinished(() => listening.close(AbortSignal.abort()))
  return listening
}

test('it tells the URL it can be reached at', async () => {
  const { url } = await listenFor((res) => void res.end('here'))
  expect(await (await fetch(url)).text()).toBe('here')
})

test('a port that is taken is told with a way out', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(listen(() => {}, { ...HERE, port })).rejects.toThrow(
    `Port ${port} is taken. Set PORT=${port + 1}, or stop the other process.`,
  )
})

test('a host that is not ours is told with a way out', async () => {
  await expect(listen(() => {}, { host: '192.0.2.1', port: 0 })).rejects.toThrow(
    'HOST=192.0.2.1 is not an address of this machine. Set HOST=127.0.0.1.',
  )
})

test('closing waits for the answers in flight, and not for connections kept alive', async () => {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>()
  const { url, close, server } = await listenFor((res) => {
    res.write('first ')
    resolve(res)
  })
  const agent = new Agent({ keepAlive: true })
  onTestFinished(() => agent.destroy())
  const [reply] = (await once(get(url, { agent }), 'response')) as [IncomingMessage]
  const read = text(reply)
  const unfinished = await promise
  const closed = close()
  expect(server.listening).toBe(true)
  unfinished.end('last')
  await closed
  expect(await read).toBe('first last')
  expect(server.listening).toBe(false)
  await expect(fetch(url)).rejects.toThrow('fetch failed')
})

test('until it is closed it answers still, and each answer ends its connection', async () => {
  const pending: ServerResponse[] = []
  const listening = await listenFor((res) => void pending.push(res))
  const first = fetch(listening.url)
  await expect.poll(() => listening.unanswered).toBe(1)
  const closed = listening.close()
  const second = fetch(listening.url)
  await expect.poll(() => listening.unanswered).toBe(2)
  for (const res of pending) res.end()
  for (const response of [await first, await second]) expect(response.headers.get('connection')).toBe('close')
  await closed
  expect(listening.unanswered).toBe(0)
})

test('closing does not wait for a connection that never asked anything', async () => {
  const { url, close } = await listenFor((res) => void res.end())
  const silent = connect(Number(new URL(url).port), '127.0.0.1')
  await once(silent, 'connect')
  await (await fetch(url)).text()
  const closed = once(silent, 'close')
  await close()
  await closed
})

test('closing cuts off what is in flight once its signal fires', async () => {
  const { url, close } = await listenFor((res) => void res.write('never ends'))
  const reply = await fetch(url)
  const read = reply.text()
  const limit = new AbortController()
  const closed = close(limit.signal)
  limit.abort()
  await closed
  await expect(read).rejects.toThrow('terminated')
})

test('what has no answer when the signal of closing fires gets a 503 in the envelope', async () => {
  const listening = await listenFor(() => {})
  const { url, close } = listening
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write('POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{')
  await expect.poll(() => listening.unanswered).toBe(1)
  const reply = text(socket)
  const limit = new AbortController()
  const closed = close(limit.signal)
  limit.abort()
  await closed
  const [head, body] = (await reply).split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 503 Service Unavailable\r\n.*connection: close/s)
  expect(JSON.parse(body ?? '')).toMatchObject({ error: { code: 'server_stopped' } })
})

test('closing twice is closing once', async () => {
  const { close } = await listenFor((res) => void res.end())
  await Promise.all([close(), close()])
  await close()
})

test('what is not HTTP gets a 400 in the envelope', async () => {
  const { url } = await listenFor((res) => void res.end())
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
  onTestFinished(() => void socket.destroy())
  socket.write('HELO there\r\n\r\n')
  const [head, body] = (await text(socket)).split('\r\n\r\n')
  expect(head).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/)
  expect(JSON.parse(body ?? '')).toEqual({
    error: { message: 'We could not parse your request.', type: 'invalid_request_error', param: null, code: null },
  })
})

test('headers beyond the limit of Node are a 431 in the envelope', async () => {
  const { url } = await listenFor((res) => void res.end())
  const response = await fetch(url, { headers: { 'x-long': 'x'.repeat(20_000) } })
  expect(response.status).toBe(431)
  expect(await response.json()).toMatchObject({ error: { type: 'invalid_request_error' } })
})

test.each([
  ['without a Host', 'GET / HTTP/1.1\r\n'],
  ['that expects what Node does not know', 'GET / HTTP/1.1\r\nhost: x\r\nexpect: the-unexpected\r\n'],
])('a request %s is answered like any other', async (_what, head) => {
  const { url } = await listenFor((res) => void res.end('here'))
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port) })
  onTestFinished(() => void socket.destroy())
  socket.write(`${head}connection: close\r\n\r\n`)
  expect(await text(socket)).toMatch(/^HTTP\/1.1 200 OK\r\n.*here/s)
})

test('a connection is kept longer than proxies keep theirs, and says so', async () => {
  const { url } = await listenFor((res) => void res.end())
  const response = await fetch(url)
  expect(response.headers.get('connection')).toBe('keep-alive')
  expect(response.headers.get('keep-alive')).toBe('timeout=75')
})

const IMPATIENT = { headersTimeout: 50, requestTimeout: 100, connectionsCheckingInterval: 20 }
const TIMED_OUT = {
  error: {
    message: 'Your request took too long to arrive.',
    type: 'timeout_error',
    param: null,
    code: 'request_timeout',
  },
}

test.each([
  ['a head', 'POST / HTTP/1.1\r\nhost: x\r\nx-slow: '],
  ['a body', 'POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n'],
  ['a chunk', 'POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3e8\r\n'],
  ['a second request', 'GET / HTTP/1.1\r\nhost: x\r\n\r\nPOST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n'],
])('%s that trickles is cut off with a 408, while the drops still fall', async (_what, start) => {
  const statuses: number[] = []
  const answer: RequestListener = (req, res) => {
    res.once('close', () => statuses.push(res.statusCode))
    req.on('error', () => {}).resume()
    if (req.method === 'GET') res.end('{}')
  }
  const { url, close } = await listen(answer, { ...HERE, limits: IMPATIENT })
  onTestFinished(() => close(AbortSignal.abort()))
  const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
  const drops = setInterval(() => socket.writable && socket.write('x'), 10)
  onTestFinished(() => clearInterval(drops))
  // A drop that falls on the closed connection is no reason to have heard nothing.
  let heard = ''
  socket.setEncoding('utf8').on('data', (piece: string) => {
    heard += piece
  })
  socket.write(start)
  await new Promise((resolve) => socket.once('close', resolve))
  const reply = heard.split('HTTP/1.1 ').at(-1) ?? ''
  expect(reply).toMatch(/^408 Request Timeout\r\n/)
  expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toEqual(TIMED_OUT)
  if (statuses.length > 0) expect(statuses.at(-1)).toBe(408)
})

test('garbage behind a request that is being answered ends the connection, and puts no word into the answer', async () => {
  const { url } = await listenFor((res) => void res.write('first '))
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  onTestFinished(() => void socket.destroy())
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\nHELO there\r\n\r\n')
  const reply = await text(socket).catch(() => '')
  expect(reply).not.toContain('400')
})
