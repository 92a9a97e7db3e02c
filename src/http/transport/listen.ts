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
  /** Requests that wait for an answer, or for the rest of it. */
  readonly unanswered: number
  /**
   * Resolves when all requests are answered and the socket is closed. Until then it still listens, for the app to say that it
   * is stopping, and every answer ends its connection. Once `signal` fires, what has no answer gets a bare 503, and what has
   * half of one is cut off.
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
    get unanswered() {
      return connections.count()
    },
    async close(signal) {
      const { promise: isCut, resolve: cut } = Promise.withResolvers<void>()
      if (signal?.aborted) cut()
      signal?.addEventListener('abort', () => cut(), { once: true })
      await Promise.race([connections.quiet(), isCut])
      const closed = server.listening ? once(server, 'close') : undefined
      server.close()
      connections.endIdle()
      void isCut.then(() => {
        for (const res of connections.all()) if (!res.headersSent) sendBare(res, 503)
        setImmediate(() => server.closeAllConnections())
      })
      await closed
    },
  }
}

type Connections = {
  unanswered(socket: Socket): readonly ServerResponse[]
  all(): readonly ServerResponse[]
  count(): number
  /** Resolves when nothing is unanswered. From now on every answer ends its connection. */
  quiet(): Promise<void>
  /** Ends the connections that wait for no answer, now and later. */
  endIdle(): void
}

/**
 * Knows which connections wait for an answer. Node's own count leaves out those that have never asked anything, as
 * browsers and fetch open them ahead, and those that fall idle after it was asked to close.
 */
function trackConnections(server: Server): Connections {
  const answering = new Map<Socket, ServerResponse[]>()
  const quiet = Promise.withResolvers<void>()
  let count = 0
  let isLast = false
  let isEnding = false
  const all = () => [...answering.values()].flat()
  const endIfIdle = (socket: Socket) => {
    if (isEnding && answering.get(socket)?.length === 0) socket.destroySoon()
  }
  const noteQuiet = () => {
    if (isLast && count === 0) quiet.resolve()
  }
  const makeLast = (res: ServerResponse) => {
    if (!res.headersSent) res.setHeader('connection', 'close')
  }
  server.on('connection', (socket) => {
    answering.set(socket, [])
    socket.once('close', () => answering.delete(socket))
  })
  // Ahead of the app, which may answer at once.
  server.prependListener('request', ({ socket }, res) => {
    const responses = answering.get(socket)
    responses?.push(res)
    count++
    if (isLast) makeLast(res)
    res.once('close', () => {
      responses?.splice(responses.indexOf(res), 1)
      count--
      endIfIdle(socket)
      noteQuiet()
    })
  })
  return {
    unanswered: (socket) => answering.get(socket) ?? [],
    all,
    count: () => count,
    quiet() {
      isLast = true
      for (const res of all()) makeLast(res)
      noteQuiet()
      return quiet.promise
    },
    endIdle() {
      isEnding = true
      for (const socket of answering.keys()) endIfIdle(socket)
    },
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
  const status = STATUSES[error.code ?? ''] ?? 400
  if (pending !== undefined) {
    sendBare(pending, status) // by the app's own response, so that its log tells the status
    return
  }
  const { headers, body } = toBare(status)
  const lines = Object.entries({ 'x-request-id': newRequestId(), ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines, '', body].join('\r\n'))
}

function sendBare(res: ServerResponse, status: BareStatus): void {
  const { headers, body } = toBare(status)
  res.writeHead(status, headers).end(body)
}

/** An error as the app would send it, where there is no app to ask any more. */
function toBare(status: BareStatus): { headers: Record<string, string | number>; body: string } {
  const body = JSON.stringify({ error: { param: null, ...BARE_ERRORS[status] } })
  const headers = {
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
  }
  return { headers, body }
}

type BareStatus = keyof typeof BARE_ERRORS

const INVALID = { type: 'invalid_request_error', code: null }
const BARE_ERRORS = {
  400: { message: 'We could not parse your request.', ...INVALID },
  408: { message: 'Your request took too long to arrive.', type: 'timeout_error', code: 'request_timeout' },
  413: { message: 'The chunk extensions of your request are too large.', ...INVALID },
  431: { message: 'The headers of your request are too large.', ...INVALID },
  503: {
    message: 'The gateway was stopped before it could answer.',
    type: 'service_unavailable_error',
    code: 'server_stopped',
  },
} as const

const STATUSES: Readonly<Record<string, BareStatus>> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
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
