import { isRevert, REVERT_CODE, RpcError } from './rpc-error.ts'

export type JsonRpcReply = { result: unknown } | { error: RpcError }

/** Undefined where a request got no reply. */
export type JsonRpcReplies = readonly (JsonRpcReply | undefined)[]

/** Ids are the requests' places in the list. One request goes bare: not every node takes a list. */
export function toJsonRpcBody(requests: readonly { method: string; params: readonly unknown[] }[]): string {
  const calls = requests.map(({ method, params }, id) => ({ jsonrpc: '2.0', id, method, params }))
  return JSON.stringify(calls.length === 1 ? calls[0] : calls)
}

/**
 * Replies in the order of `size` requests, or the one error a node gave to the list as a whole;
 * undefined where no reply can be made out.
 */
export function parseJsonRpcReplies(text: string, size: number): JsonRpcReplies | RpcError | undefined {
  const body = parseJson(text)
  const items: readonly unknown[] = Array.isArray(body) ? body : [body]
  if (size === 1) return toReplies([toReply(items[0])])
  const replies: (JsonRpcReply | undefined)[] = Array.from({ length: size })
  for (const item of items) {
    const id = isObject(item) ? item.id : undefined
    if (typeof id === 'number' && id in replies) replies[id] = toReply(item)
  }
  // A refused list is answered with one error, bare or in a list of one (geth), with a null id or the first one's.
  if (items.length === 1) {
    const reply = toReply(items[0])
    if (reply !== undefined && 'error' in reply) return reply.error
  }
  return toReplies(replies)
}

function toReplies(replies: JsonRpcReplies): JsonRpcReplies | undefined {
  return replies.some((reply) => reply !== undefined) ? replies : undefined
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function toReply(item: unknown): JsonRpcReply | undefined {
  if (!isObject(item)) return undefined
  if (isObject(item.error)) return { error: toRpcError(item.error) }
  return 'result' in item ? { result: item.result } : undefined
}

function toRpcError({ code, message, data }: Record<string, unknown>): RpcError {
  const error = {
    code: typeof code === 'number' ? code : -32603,
    message: typeof message === 'string' ? message : 'unknown error',
    data,
  }
  return new RpcError(isRevert(error) ? { ...error, code: REVERT_CODE } : error)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
