import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Hex, keccak256, numberToHex, stringToHex } from 'viem'

/** How a node behaves from now on. */
export type RpcNodeMood =
  | { type: 'well' }
  /** Takes requests and never answers. */
  | { type: 'hang' }
  | { type: 'slow'; ms: number }
  /** Closes the connection instead of answering. */
  | { type: 'dead' }
  | { type: 'status'; status: number; headers?: Record<string, string>; text?: string }
  | { type: 'text'; text: string }
  /** Answers every request but `eth_chainId` with this JSON-RPC error. */
  | { type: 'error'; error: RpcNodeError }
  /** Answers a list of more than one request with one error. */
  | { type: 'refuse_lists' }

type RpcNodeError = { code: number; message: string; data?: unknown }

export type RpcNodeOptions = {
  chainId?: number
  /** Number of its newest block. */
  head?: bigint
  /** Unix seconds of its newest block; default now. */
  timestampSec?: number
  mood?: RpcNodeMood
  /** Results by method. A function that throws an {@link RpcNodeError} answers with it. */
  answers?: Record<string, (params: readonly unknown[]) => unknown>
  /** A real node that answers in its place while it is well. */
  forwardTo?: string
}

export type RpcNode = AsyncDisposable & {
  readonly url: string
  /** Methods of each HTTP request, in order. */
  readonly posts: readonly (readonly string[])[]
  /** Every JSON-RPC request, in order. */
  readonly requests: readonly { method: string; params: readonly unknown[] }[]
  /** HTTP requests that wait for their answer. */
  readonly openPosts: number
  readonly headers: readonly IncomingMessage['headers'][]
  mood: RpcNodeMood
  chainId: number
  head: bigint
  timestampSec: number
  /** Another word gives every block another hash. */
  fork: string
  /** Cuts the connections of HTTP requests that wait for their answer. */
  dropOpen(): void
  close(): Promise<void>
}

/** A JSON-RPC node that does as it is told, on a free port of this machine. */
export async function scriptedRpcNode(options: RpcNodeOptions = {}): Promise<RpcNode> {
  const posts: string[][] = []
  const requests: { method: string; params: readonly unknown[] }[] = []
  const headers: IncomingMessage['headers'][] = []
  let openPosts = 0

  const server = createServer(async (request, response) => {
    openPosts++
    response.on('close', () => openPosts--)
    const calls = await readCalls(request)
    const list = [calls].flat()
    headers.push(request.headers)
    posts.push(list.map((call) => call.method))
    requests.push(...list.map(({ method, params }) => ({ method, params })))
    const { mood } = node
    if (mood.type === 'hang') return
    if (mood.type === 'dead') return request.socket.destroy()
    if (mood.type === 'status') return reply(response, mood.text ?? '', mood.status, mood.headers)
    if (mood.type === 'text') return reply(response, mood.text)
    if (options.forwardTo !== undefined && mood.type === 'well') {
      return reply(response, await forward(options.forwardTo, calls))
    }
    const body =
      mood.type === 'refuse_lists' && list.length > 1
        ? { jsonrpc: '2.0', id: null, error: { code: 31, message: 'Batch of more than 1 requests are not allowed' } }
        : Array.isArray(calls)
          ? // Servers may answer a list in any order.
            calls.map(answer).toReversed()
          : answer(calls)
    const send = () => reply(response, JSON.stringify(body))
    if (mood.type === 'slow') setTimeout(send, mood.ms)
    else send()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const answer = ({ id, method, params }: Call) => {
    try {
      if (node.mood.type === 'error' && method !== 'eth_chainId') throw node.mood.error
      return { jsonrpc: '2.0', id, result: resultOf(method, params) }
    } catch (error) {
      return { jsonrpc: '2.0', id, error }
    }
  }
  const resultOf = (method: string, params: readonly unknown[]) => {
    const scripted = options.answers?.[method]
    if (scripted !== undefined) return scripted(params)
    if (method === 'eth_chainId') return numberToHex(node.chainId)
    if (method === 'eth_getBlockByNumber') return blockAt(node, params[0] as string)
    if (method === 'eth_getTransactionCount' || method === 'eth_getBalance') return '0x1'
    throw { code: -32601, message: `the method ${method} does not exist/is not available` } satisfies RpcNodeError
  }

  const close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  const node: RpcNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    posts,
    requests,
    headers,
    get openPosts() {
      return openPosts
    },
    mood: options.mood ?? { type: 'well' },
    chainId: options.chainId ?? 1,
    head: options.head ?? 23_500_000n,
    timestampSec: options.timestampSec ?? Math.floor(Date.now() / 1_000),
    fork: 'main',
    dropOpen: () => server.closeAllConnections(),
    close,
    [Symbol.asyncDispose]: close,
  }
  return node
}

/** A URL where nobody listens. */
export async function closedRpcUrl(): Promise<string> {
  const node = await scriptedRpcNode()
  await node.close()
  return node.url
}

/** The hash a scripted node gives the block `number`. */
export function scriptedBlockHash(number: bigint, fork = 'main'): Hex {
  return keccak256(stringToHex(`${fork} ${number}`))
}

type Call = { id: unknown; method: string; params: readonly unknown[] }

async function readCalls(request: IncomingMessage): Promise<Call | Call[]> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}

async function forward(url: string, calls: unknown): Promise<string> {
  const headers = { 'content-type': 'application/json' }
  return (await fetch(url, { method: 'POST', headers, body: JSON.stringify(calls) })).text()
}

function blockAt(node: RpcNode, block: string) {
  const number = block === 'latest' ? node.head : BigInt(block)
  if (number > node.head) return null
  return {
    number: numberToHex(number),
    hash: scriptedBlockHash(number, node.fork),
    timestamp: numberToHex(node.timestampSec - 12 * Number(node.head - number)),
    transactions: [],
  }
}

function reply(response: ServerResponse, text: string, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text)
}
