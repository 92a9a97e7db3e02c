import type { ChatOllama } from '@langchain/ollama'
import type { Dispatcher } from 'undici'
import type { Message } from '../messages.ts'
import { BackendFailure } from './backend-failure.ts'
import { type BackendAgent, requestBackend } from './request-backend.ts'

/** What ChatOllama asks of the `ollama` package. */
export type OllamaClient = {
  chat(request: OllamaChatRequest): Promise<AsyncIterable<OllamaLine> | Iterable<OllamaLine>>
  abort(): void
}

export type OllamaClientOptions = {
  /** Of `/api/chat`. */
  url: URL
  agent: BackendAgent
  signal: AbortSignal
  messages: readonly Message[]
  /** Asks for the answer as one line. */
  whole?: boolean | undefined
}

type OllamaChatRequest = Pick<Parameters<ChatOllama['client']['chat']>[0], 'messages'>
type OllamaLine = { error?: unknown; done?: unknown }

/**
 * The client of one call to Ollama's chat, in place of the `ollama` package's, which prints a broken line and goes on without
 * it. It adds what ChatOllama leaves out: names and ids of tool results, and that a prompt too long must fail instead of
 * losing its beginning.
 */
export function createOllamaClient({ url, agent, signal, messages, whole = false }: OllamaClientOptions): OllamaClient {
  const results = messages.filter((message) => message.role === 'tool')
  return {
    async chat(request) {
      const named = results.length === 0 ? request : { ...request, messages: withToolNames(request.messages, results) }
      const body = JSON.stringify({ truncate: false, shift: false, ...named, stream: !whole })
      const answer = await requestBackend(url, { agent, signal, method: 'POST', headers: HEADERS, body })
      return whole ? readWhole(answer.body, signal) : readLines(answer.body, signal)
    },
    abort() {
      // It is told by the signal.
    },
  }
}

const HEADERS = { 'content-type': 'application/json', accept: 'application/json', 'user-agent': 'groundwire' }

function withToolNames<Told extends { role: string }>(
  messages: readonly Told[] = [],
  results: readonly { callId: string; toolName: string }[],
): Told[] {
  let next = 0
  return messages.map((message) => {
    const result = message.role === 'tool' ? results[next++] : undefined
    // Older builds know only the name.
    return result === undefined ? message : { ...message, tool_name: result.toolName, tool_call_id: result.callId }
  })
}

/** Some servers write several lines all the same. */
async function readWhole(body: Dispatcher.ResponseData['body'], signal: AbortSignal): Promise<OllamaLine[]> {
  const text = await body.text().catch((cause: unknown) => fail(signal, cause))
  return text.split('\n').filter(isNoBlank).map(parseLine)
}

/**
 * Ends with the line that says it is the last. What may follow it is not waited for, and the connection is left to end by
 * itself, to serve the next request: `for await` would close it.
 */
async function* readLines(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<OllamaLine> {
  const pieces = body[Symbol.asyncIterator]()
  const decoder = new TextDecoder()
  let held = ''
  for (let isOver = false; !isOver; ) {
    const { done = false, value } = await pieces.next().catch((cause: unknown) => fail(signal, cause))
    isOver = done
    const lines = (held + decoder.decode(value, { stream: !isOver })).split('\n')
    held = isOver ? '' : (lines.pop() ?? '')
    for (const text of lines.filter(isNoBlank)) {
      const line = parseLine(text)
      yield line
      if (line.done) return
    }
  }
}

/** Whatever the connection says: the backend was there. */
function fail(signal: AbortSignal, cause: unknown): never {
  signal.throwIfAborted()
  throw new BackendFailure('broken', { cause })
}

const isNoBlank = (text: string) => text.trim() !== ''

/** @throws {@link BackendFailure} for what is no JSON, and for an error within the answer. */
function parseLine(text: string): OllamaLine {
  const line = parseObject(text)
  const { error } = line
  if (error === undefined) return line
  throw new BackendFailure('refused', { status: 200, upstreamText: typeof error === 'string' ? error : text })
}

function parseObject(text: string): OllamaLine {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // Told below, without the line: it may hold what the caller wrote.
  }
  throw new BackendFailure('broken')
}
