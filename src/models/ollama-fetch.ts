import type { Message } from '../messages.ts'
import { BackendFailure } from './backend-failure.ts'
import { type BackendAgent, createBackendFetch } from './backend-fetch.ts'

/**
 * The `fetch` of one call to Ollama's chat. It adds what ChatOllama leaves out (names and ids of tool results, and that a
 * prompt too long must fail instead of losing its beginning), and reads the lines before the `ollama` package does,
 * which prints a broken line and goes on without it.
 */
export function createOllamaFetch({
  agent,
  signal,
  messages,
  whole = false,
}: {
  agent: BackendAgent
  signal: AbortSignal
  messages: readonly Message[]
  /** Asks for the answer as one line. */
  whole?: boolean | undefined
}): typeof fetch {
  const results = messages.filter((message) => message.role === 'tool')
  return createBackendFetch({
    agent,
    signal,
    // As text where nothing else changes: most of a body is the tools, and reading it costs more than sending it.
    toBody(body) {
      const named = results.length === 0 ? body : withToolNames(body, results)
      return (whole ? named.replace(STREAM, ONE_LINE) : named).replace(/^\{/, WHOLE_PROMPT)
    },
    readBody: readLines,
  })
}

/** ChatOllama writes it last. */
const STREAM = /"stream":true\}$/
const ONE_LINE = '"stream":false}'
const WHOLE_PROMPT = '{"truncate":false,"shift":false,'

function withToolNames(body: string, results: readonly { callId: string; toolName: string }[]): string {
  const parsed = JSON.parse(body) as { messages: { role: string }[] }
  let next = 0
  const messages = parsed.messages.map((message) => {
    const result = message.role === 'tool' ? results[next++] : undefined
    // Older builds know only the name.
    return result === undefined ? message : { ...message, tool_name: result.toolName, tool_call_id: result.callId }
  })
  return JSON.stringify({ ...parsed, messages })
}

/** Passes on whole lines that are JSON. @throws {@link BackendFailure} for any other, and for an error within the answer. */
async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let held = ''
  const take = (lines: string[]) => {
    const whole = lines.filter((line) => line.trim() !== '')
    for (const line of whole) checkLine(line)
    return whole.map((line) => `${line}\n`).join('')
  }
  for await (const bytes of body) {
    const lines = (held + decoder.decode(bytes, { stream: true })).split('\n')
    held = lines.pop() ?? ''
    const whole = take(lines)
    if (whole !== '') yield encoder.encode(whole)
  }
  const last = take([held + decoder.decode()])
  if (last !== '') yield encoder.encode(last)
}

function checkLine(line: string): void {
  const parsed = parseLine(line)
  if (parsed.error === undefined) return
  const { error } = parsed
  throw new BackendFailure('refused', { status: 200, upstreamText: typeof error === 'string' ? error : line })
}

function parseLine(line: string): { error?: unknown } {
  try {
    const parsed: unknown = JSON.parse(line)
    if (typeof parsed === 'object' && parsed !== null) return parsed
  } catch {
    // Told below, without the line: it may hold what the caller wrote.
  }
  throw new BackendFailure('broken')
}
