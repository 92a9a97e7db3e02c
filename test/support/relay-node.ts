import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export type RelayedCall = { method: string; params: readonly unknown[] }
/** What a caller hears in place of `result`. Throws a JSON-RPC error where it shall hear that. */
export type Retell = (call: RelayedCall, result: unknown) => unknown

export type RelayNode = AsyncDisposable & {
  readonly url: string
  /** All that was asked, in order. */
  readonly calls: readonly RelayedCall[]
  /** Undefined: as the node behind it says. */
  retell: Retell | undefined
  /** Closes connections instead of answering. */
  isDown: boolean
}

/** Stands before a node, and may tell something else than it does. */
export async function relayNode(target: string): Promise<RelayNode> {
  const calls: RelayedCall[] = []
  const answer = async ({ id, ...call }: RelayedCall & { id: unknown }) => {
    calls.push(call)
    const headers = { 'content-type': 'application/json' }
    const body = JSON.stringify({ jsonrpc: '2.0', id, ...call })
    const reply = (await (await fetch(target, { method: 'POST', headers, body })).json()) as { result?: unknown }
    if (node.retell === undefined || !('result' in reply)) return reply
    try {
      return { jsonrpc: '2.0', id, result: node.retell(call, reply.result) }
    } catch (error) {
      return { jsonrpc: '2.0', id, error }
    }
  }
  const server = createServer(async (request, response) => {
    if (node.isDown) return request.socket.destroy()
    const asked = await readJson(request)
    const reply = Array.isArray(asked) ? await Promise.all(asked.map(answer)) : await answer(asked as never)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(reply))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const node: RelayNode = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    retell: undefined,
    isDown: false,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return node
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text)
}
