import { once } from 'node:events'
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerOptions,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { ConfigError } from '../../config.ts'
import { newRequestId } from '../request-id.ts'

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

export type ListenOptions = {
  host: string
  port: number
  limits?: Partial<ConnectionLimits>
}

/** Milliseconds. They bound how long a request may take to arrive, not how long its answer may take. */
type ConnectionLimits = {
  headersTimeout: number
  /** Of headers and body together. */
  requestTimeout: number
  /** How often Node looks for the two above: either may last this much longer. */
  connectionsCheckingInterval: number
  /** Of a connection between two requests. */
  keepAliveTimeout: number
}

/** @throws {@link ConfigError} where host or port cannot be had. */
export async function listen(app: RequestListener, { host, port, limits }: ListenOptions): Promise<Listening> {
  // A missing `Host` is no harm here, and Node's own refusal would be bare.
  const server = createServer({ ...LIMITS, ...limits, requireHostHeader: false } satisfies ServerOptions, app)
  const connections = trackConnections(server)
  server.on('clientError', (error, socket) =>
    answerGarbage(error, socket as Socket, connections.unanswered(socket as Socket)),
  )
  // Left to Node, an `Expect` it does not know would get a bare 417; it may as well be ignored.
  server.on('checkExpectation', (req, res) => server.emit('request', req, res))
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (error) {
    throw toConfigError(error, host, port)
  }

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
function trackConnections(server: Server): { endIdle(): void; unanswered(socket: Socket): readonly ServerResponse[] } {
  const answering = new Map<Socket, ServerResponse[]>()
  let isEnding = false
  const endIfIdle = (socket: Socket) => {
    if (isEnding && answering.get(socket)?.length === 0) socket.destroySoon()
  }
  server.on('connection', (socket) => {
    answering.set(socket, [])
    socket.once('close', () => answering.delete(socket))
  })
  server.on('request', ({ socket }, res) => {
    const responses = answering.get(socket)
    responses?.push(res)
    res.once('close', () => {
      responses?.splice(responses.indexOf(res), 1)
      endIfIdle(socket)
    })
  })
  return {
    endIdle() {
      isEnding = true
      for (const socket of answering.keys()) endIfIdle(socket)
    },
    unanswered: (socket) => answering.get(socket) ?? [],
  }
}

const LIMITS: ConnectionLimits = {
  headersTimeout: 30_000,
  requestTimeout: 120_000,
  connectionsCheckingInterval: 5_000,
  keepAliveTimeout: 75_000, // above the idle time of common proxies, which otherwise meet a closed socket
}

/**
 * What is not HTTP at all never reaches the app: it is answered here, in the same envelope. `unanswered` are the requests
 * the connection waits for: one whose body turns out wrong, or does not come, is among them.
 */
function answerGarbage(error: NodeJS.ErrnoException, socket: Socket, unanswered: readonly ServerResponse[]): void {
  const [pending] = unanswered
  const hasLeft = error.code === 'ECONNRESET' || (pending && error.code === 'HPE_INVALID_EOF_STATE')
  const isAnswered = pending?.headersSent || pending?.req.complete || unanswered.length > 1
  if (!socket.writable || hasLeft || isAnswered) {
    socket.destroy() // nobody to tell, or another answer is on its way
    return
  }
  const [status, message] = GARBAGE[error.code ?? ''] ?? [400, 'We could not parse your request.']
  const body = JSON.stringify({ error: { message, type: toType(status), param: null, code: toCode(status) } })
  const headers = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  }
  if (pending !== undefined) {
    pending.writeHead(status, headers).end(body) // by the app's own response, so that its log tells the status
    return
  }
  const lines = Object.entries({ 'x-request-id': newRequestId(), ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}

const toType = (status: number) => (status === 408 ? 'timeout_error' : 'invalid_request_error')
const toCode = (status: number) => (status === 408 ? 'request_timeout' : null)

const GARBAGE: Readonly<Record<string, [status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'The headers of your request are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Your request took too long to arrive.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: [413, 'The chunk extensions of your request are too large.'],
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
