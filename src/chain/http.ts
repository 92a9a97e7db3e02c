import { type Dispatcher, request as send } from 'undici'
import { type JsonRpcReplies, type JsonRpcReply, parseJsonRpcReplies, toJsonRpcBody } from './json-rpc.ts'
import { NodeError, toNodeError } from './node-error.ts'
import type { Rpc, RpcRequest } from './rpc.ts'
import { AnswerTooLargeError, RpcError } from './rpc-error.ts'

export type HttpRpcOptions = {
  url: string
  dispatcher?: Dispatcher | undefined
  /** Default 3 000. */
  timeoutMs?: number | undefined
  /** Default 10 MiB. */
  maxBodyBytes?: number | undefined
  /** Requests in one POST, default 100. */
  maxBatch?: number | undefined
}

/**
 * One node over HTTP. All requests of a tick leave in one POST, whoever asks; who aborts leaves it, and the last one to
 * leave closes it. A node that refuses lists is asked one by one from then on.
 * @throws {@link NodeError}, {@link RpcError}, {@link AnswerTooLargeError}; the signal's reason.
 */
export function createHttpRpc(options: HttpRpcOptions): Rpc {
  const { timeoutMs = 3_000, maxBodyBytes = 10 * 1_048_576, dispatcher } = options
  const target = toTarget(options.url)
  let maxBatch = options.maxBatch ?? 100
  let queue: Entry[] = []

  const flush = () => {
    const entries = queue.filter((entry) => entry.open)
    queue = []
    for (let at = 0; at < entries.length; at += maxBatch) void deliver(entries.slice(at, at + maxBatch))
  }

  /** Settles every entry; false where the node gave no JSON-RPC reply. */
  const deliver = async (entries: readonly Entry[]): Promise<boolean> => {
    const everyoneLeft = new AbortController()
    for (const entry of entries) {
      entry.onLeave = () => {
        if (entries.every(({ open }) => !open)) everyoneLeft.abort()
      }
    }
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      const body = toJsonRpcBody(entries.map((entry) => entry.request))
      const signal = AbortSignal.any([everyoneLeft.signal, timeout])
      const { status, retryAfter, text } = await post({ ...target, body, signal, dispatcher, maxBodyBytes })
      const replies = parseReply({ status, retryAfter, text, size: entries.length })
      if (replies instanceof RpcError) {
        const answered = await deliverSingly(entries)
        if (answered) maxBatch = 1
        return answered
      }
      for (const [at, entry] of entries.entries()) settle(entry, replies[at])
      return true
    } catch (error) {
      if (error instanceof AnswerTooLargeError && entries.length > 1) return deliverSingly(entries)
      const fault = timeout.aborted ? new NodeError('timeout') : error
      for (const entry of entries) entry.reject(fault)
      return false
    }
  }

  const deliverSingly = async (entries: readonly Entry[]): Promise<boolean> => {
    const answered = await Promise.all(entries.filter((entry) => entry.open).map((entry) => deliver([entry])))
    return answered.includes(true)
  }

  return (request) =>
    new Promise((resolve, reject) => {
      if (request.signal?.aborted) return reject(request.signal.reason)
      if (queue.length === 0) setImmediate(flush)
      queue.push(createEntry(request, resolve, reject))
    })
}

type Entry = {
  request: RpcRequest
  readonly open: boolean
  onLeave: () => void
  resolve(result: unknown): void
  reject(error: unknown): void
}

function createEntry(request: RpcRequest, resolve: (result: unknown) => void, reject: (error: unknown) => void): Entry {
  const { signal } = request
  let open = true
  const close = () => {
    open = false
    signal?.removeEventListener('abort', leave)
  }
  const leave = () => {
    close()
    reject(signal?.reason)
    entry.onLeave()
  }
  signal?.addEventListener('abort', leave)
  const entry: Entry = {
    request,
    get open() {
      return open
    },
    onLeave: () => {},
    resolve(result) {
      close()
      resolve(result)
    },
    reject(error) {
      close()
      reject(error)
    },
  }
  return entry
}

function settle(entry: Entry, reply: JsonRpcReply | undefined): void {
  if (reply === undefined) entry.reject(new NodeError('garbled'))
  else if ('error' in reply) entry.reject(reply.error)
  else entry.resolve(reply.result)
}

type Target = { url: string; headers: Record<string, string> }

/** `https://user:pass@host` becomes a header, as undici leaves credentials in the URL unused. */
function toTarget(text: string): Target {
  const url = new URL(text)
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' }
  if (url.username !== '' || url.password !== '') {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers.authorization = `Basic ${Buffer.from(credentials).toString('base64')}`
    url.username = ''
    url.password = ''
  }
  return { url: url.href, headers }
}

type HttpReply = { status: number; retryAfter: string | undefined; text: string }

async function post({
  url,
  headers,
  body,
  signal,
  dispatcher,
  maxBodyBytes,
}: Target & {
  body: string
  signal: AbortSignal
  dispatcher: Dispatcher | undefined
  maxBodyBytes: number
}): Promise<HttpReply> {
  try {
    const reply = await send(url, { method: 'POST', headers, body, signal, ...(dispatcher && { dispatcher }) })
    const retryAfter = reply.headers['retry-after']
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > maxBodyBytes) throw new AnswerTooLargeError({ maxBytes: maxBodyBytes })
      chunks.push(chunk)
    }
    const text = Buffer.concat(chunks).toString('utf8')
    return { status: reply.statusCode, retryAfter: Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, text }
  } catch (error) {
    if (error instanceof AnswerTooLargeError) throw error
    throw new NodeError('unreachable', { cause: error })
  }
}

/** Replies in order, or the error with which a list was refused although its requests may be fine one by one. */
function parseReply({ status, retryAfter, text, size }: HttpReply & { size: number }): JsonRpcReplies | RpcError {
  if (status === 429) throw new NodeError('rate_limited', { benchMs: toBenchMs(retryAfter) })
  if (status === 401 || status === 403) throw new NodeError('refused')
  const replies = parseJsonRpcReplies(text, size)
  if (replies instanceof RpcError && toNodeError(replies)?.kind === 'rate_limited') throw replies
  if (replies !== undefined) return replies
  if (size > 1 && (status === 400 || status === 413)) return new RpcError({ code: -32600, message: 'batch refused' })
  throw new NodeError(status >= 200 && status < 300 ? 'garbled' : 'unavailable')
}

/** At least a second, at most a minute; a date or nothing leaves the default. */
function toBenchMs(retryAfter: string | undefined): number | undefined {
  const seconds = Number.parseInt(retryAfter ?? '', 10)
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 1), 60) * 1_000
}
