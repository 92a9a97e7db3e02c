import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises'

/** What a scripted model server says to one chat request. */
export type ScriptedReply = {
  /** An array is one line or event per item; a string is one per word. */
  text?: string | readonly string[]
  thinking?: string | readonly string[]
  toolCalls?: readonly ScriptedToolCall[]
  usage?: { promptTokens: number; completionTokens: number } | null
  /** The backend's own word for why it ended: `stop`, `length`, … */
  finish?: string
  /** Answers with this status and `error` in place of a stream. */
  status?: number
  /** With `status` the error body; without, an error in mid-stream under 200. A `string` is wrapped as the backend does. */
  error?: string | Record<string, unknown>
  headers?: Record<string, string>
  /** Accepts the request and sends nothing, not even a status. */
  hang?: boolean
  /** Sends what there is, then nothing more, and keeps the response open. */
  thenHang?: boolean
  /** Sends what there is, then destroys the socket; `reset` does it the rude way. */
  cut?: boolean | 'reset'
  /** Ends the response properly, but without the final line or event. */
  noFinal?: boolean
  /** Sent as it is after the text, in place of a proper line or event. */
  garbled?: string
  /** Leaves out what comes ahead of `garbled`: OpenAI's first event. */
  headless?: boolean
  /** Bytes per write: lines and characters are split wherever that falls. Default: everything as it comes. */
  splitEvery?: number
  /** All in one write. */
  atOnce?: boolean
  /** Before each line or event. */
  delayMs?: number
}

/** `arguments` may be a string where the wire sends one, broken JSON included; without `id` none is sent. */
export type ScriptedToolCall = { name: string; arguments?: unknown; id?: string; index?: number }

export type ScriptedRequest = {
  method: string
  path: string
  headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
  body: any
}

/** Replies in order of arrival, or one function for all of them. */
export type Script = readonly (ScriptedReply | ToReply)[] | ToReply
export type ToReply = (request: ScriptedRequest) => ScriptedReply | Promise<ScriptedReply>

export type ScriptedBackend = {
  /** Without a trailing slash. */
  readonly url: string
  /** Chat requests, in order of arrival. */
  readonly requests: readonly ScriptedRequest[]
  /** Chat requests that are neither answered nor closed. */
  readonly openRequests: number
  close(): Promise<void>
}

export type BackendWire = {
  chatPath: string
  /** Answers everything but the chat path. */
  other(request: ScriptedRequest, send: SendJson): void
  /** Answers a chat request that the real server would refuse, and says so. */
  refuse?(request: ScriptedRequest, send: SendJson): boolean
  errorBody(error: string | Record<string, unknown>, status: number): unknown
  /** An error within an answer that began well. */
  errorFrame(error: string | Record<string, unknown>): string
  contentType(request: ScriptedRequest): string
  /** The frames of a reply as they go over the wire: `head` always, `tail` unless the reply breaks off. */
  frames(reply: ScriptedReply, request: ScriptedRequest): { head: readonly string[]; tail: readonly string[] }
}

export type SendJson = (body: unknown, status?: number) => void

/** A loopback server that speaks `wire` and says what `script` says. */
export async function startScriptedBackend(script: Script, wire: BackendWire): Promise<ScriptedBackend> {
  const requests: ScriptedRequest[] = []
  let open = 0
  let used = 0

  const server = createServer(async (req, res) => {
    res.on('error', () => undefined)
    const request = await readRequest(req)
    const send: SendJson = (body, status = 200) => sendJson(res, status, body)
    if (request.path !== wire.chatPath) return wire.other(request, send)
    requests.push(request)
    open++
    res.on('close', () => open--)
    if (wire.refuse?.(request, send)) return
    const next = typeof script === 'function' ? script : script[used++]
    if (next === undefined) return send(wire.errorBody('the script has no reply left', 500), 500)
    await play(typeof next === 'function' ? await next(request) : next, request, res, wire)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get openRequests() {
      return open
    },
    async close() {
      if (!server.listening) return
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

/** `text` as the pieces a backend would send it in. */
export function toPieces(text: string | readonly string[] | undefined): readonly string[] {
  if (text === undefined) return []
  return typeof text === 'string' ? (text.match(/\s*\S+\s*$|\s*\S+|\s+/g) ?? []) : text
}

async function play(reply: ScriptedReply, request: ScriptedRequest, res: ServerResponse, wire: BackendWire) {
  if (reply.hang) return
  if (reply.status !== undefined && reply.status !== 200) {
    for (const [name, value] of Object.entries(reply.headers ?? {})) res.setHeader(name, value)
    return sendJson(res, reply.status, wire.errorBody(reply.error ?? 'scripted failure', reply.status))
  }
  const { head, tail } = wire.frames(reply, request)
  const breaksOff = reply.thenHang || reply.cut || reply.noFinal || reply.error !== undefined
  const frames = [
    ...(reply.headless ? [] : head),
    ...(reply.garbled === undefined ? [] : [reply.garbled]),
    ...(breaksOff ? [] : tail),
  ]
  if (reply.error !== undefined) frames.push(wire.errorFrame(reply.error))

  res.writeHead(200, { 'content-type': wire.contentType(request), ...reply.headers })
  res.flushHeaders()
  res.socket?.setNoDelay(true)
  for (const frame of reply.atOnce ? [frames.join('')] : frames) {
    if (reply.delayMs !== undefined) await pause(reply.delayMs)
    for (const piece of split(Buffer.from(frame), reply.splitEvery)) {
      if (res.destroyed) return
      res.write(piece)
      await nextTurn()
    }
  }
  if (reply.thenHang) return
  if (reply.cut === 'reset') res.socket?.resetAndDestroy()
  else if (reply.cut) res.socket?.destroy()
  else res.end()
}

function split(bytes: Buffer, every = bytes.length): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += every) pieces.push(bytes.subarray(at, at + every))
  return pieces
}

async function readRequest(req: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of req) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return {
    method: req.method ?? '',
    path: new URL(req.url ?? '/', 'http://x').pathname,
    headers: req.headers,
    body: text === '' ? undefined : JSON.parse(text),
  }
}

function sendJson(res: ServerResponse, status: number, body: unknown): void {
  if (typeof body === 'string') res.writeHead(status, { 'content-type': 'text/plain' }).end(body)
  else res.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
