import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ConfigError } from '../config.ts'
import { newRequestId } from './request-id.ts'

export type Listening = {
  /** Where a caller on this machine finds it: `http://127.0.0.1:8787`. */
  url: string
  server: Server
  /**
   * Takes no new connections, and resolves when the requests in flight are answered.
   * Once `signal` fires they are cut off instead.
   */
  close(signal?: AbortSignal): Promise<void>
}

/** @throws {@link ConfigError} where host or port cannot be had. */
export async function listen(app: RequestListener, { host, port }: { host: string; port: number }): Promise<Listening> {
  const server = createServer(LIMITS, app)
  server.keepAliveTimeout = 75_000 // above the idle time of common proxies, which otherwise meet a closed socket
  server.on('clientError', answerGarbage)
  // Left to Node, an `Expect` it does not know would get a bare 417; it may as well be ignored.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res))
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw toConfigError(error, host, port)
  }

  const connections = trackConnections(server)

  return {
    url: toUrl(host, (server.address() as AddressInfo).port),
    server,
    async close(signal) {
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      connections.endIdle()
      const cutOff = () => server.closeAllConnections()
      if (signal?.aborted) cutOff()
      signal?.addEventListener('abort', cutOff, { once: true })
      await closed
      signal?.removeEventListener('abort', cutOff)
    },
  }
}

/**
 * Knows which connections wait for an answer. Node's own count leaves out those that have never asked anything, as
 * browsers and fetch open them ahead, and those that fall idle after it was asked to close.
 */
function trackConnections(server: Server): { endIdle(): void } {
  const answering = new Map<Socket, number>()
  let isEnding = false
  const endIfIdle = (socket: Socket) => {
    if (isEnding && answering.get(socket) === 0) socket.destroySoon()
  }
  server.on('connection', (socket) => {
    answering.set(socket, 0)
    socket.once('close', () => answering.delete(socket))
  })
  server.on('request', ({ socket }, res) => {
    const change = (by: number) => answering.has(socket) && answering.set(socket, (answering.get(socket) ?? 0) + by)
    change(1)
    res.once('close', () => {
      change(-1)
      endIfIdle(socket)
    })
  })
  return {
    endIdle() {
      isEnding = true
      for (const socket of answering.keys()) endIfIdle(socket)
    },
  }
}

// They bound how long a request may take to arrive, not how long its answer may take. A missing `Host` is no harm here, and
// Node's own refusal would be bare.
const LIMITS = { headersTimeout: 30_000, requestTimeout: 120_000, requireHostHeader: false }

/** What is not HTTP at all never reaches the app: it is answered here, in the same envelope. */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0 || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, message] = GARBAGE[error.code ?? ''] ?? ['400 Bad Request', 'We could not parse your request.']
  const body = JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null } })
  const head = [
    `HTTP/1.1 ${status}`,
    `x-request-id: ${newRequestId()}`,
    'connection: close',
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

const GARBAGE: Readonly<Record<string, [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers of your request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'Your request took too long to arrive.'],
}

function toConfigError(error: unknown, host: string, port: number): unknown {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ConfigError(`Port ${port} is taken. Set PORT=${port + 1}, or stop the other process.`)
    case 'EACCES':
      return new ConfigError(`Port ${port} needs rights this process does not have. Set PORT=8787.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(`HOST=${host} is not an address of this machine. Set HOST=127.0.0.1.`)
    default:
      return error
  }
}

function toUrl(host: string, port: number): string {
  if (host === '0.0.0.0' || host === '::' || host === '') return `http://127.0.0.1:${port}`
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
