import { createServer, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { serveReports } from './child.ts'
import { listenOnLoopback } from './listen-on-loopback.ts'

/**
 * A model's server without a model: speaks Ollama's `/api/chat` and OpenAI's `/v1/chat/completions`, at once and always
 * the same, 20 words. Where the last user message starts with `tool:`, the answer is first a call of the tool and the
 * arguments that follow it; with `slow:`, it is as many words as that says, 10 a second.
 */
const WORDS = 20
const SLOW_WORD_MS = 100

type ChatRequest = { model?: string; stream?: boolean; messages?: { role: string; content: string }[] }
type Piece = { text: string } | { name: string; argumentsText: string }
type Answer = { contentType: string; frames: readonly string[]; pauseMs: number }

let busyMs = 0
const server = createServer((request, response) => {
  const startedAt = performance.now()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as ChatRequest
    void send(response, toAnswer(request.url ?? '', body)).then(() => {
      busyMs += performance.now() - startedAt
    })
  })
})
serveReports(await listenOnLoopback(server), () => ({ busyMs }))

/** Each frame in a packet of its own, as a model writes them. */
async function send(response: ServerResponse, { contentType, frames, pauseMs }: Answer): Promise<void> {
  response.setHeader('content-type', contentType)
  response.socket?.setNoDelay(true)
  for (const frame of frames) {
    if (response.destroyed) return
    response.write(frame)
    await (pauseMs > 0 ? sleep(pauseMs) : nextTurn())
  }
  response.end()
}

function toAnswer(path: string, { model = 'stub', stream, messages = [] }: ChatRequest): Answer {
  const last = messages.at(-1)
  const asked = last?.role === 'user' ? last.content : ''
  const slowWords = Number(/^slow:(\d+)$/.exec(asked)?.[1] ?? 0)
  const [, name, argumentsText = '{}'] = /^tool:(\w+) (.*)$/s.exec(asked) ?? []
  const pieces: Piece[] = name === undefined ? toWords(slowWords || WORDS) : [{ name, argumentsText }]
  const pauseMs = slowWords > 0 ? SLOW_WORD_MS : 0
  const wholeMs = slowWords * SLOW_WORD_MS
  if (path === '/api/chat') {
    // Ollama streams unless it is told not to.
    return stream === false
      ? { contentType: 'application/json', frames: [toOllamaWhole(model, pieces)], pauseMs: wholeMs }
      : { contentType: 'application/x-ndjson', frames: toOllama(model, pieces), pauseMs }
  }
  if (path !== '/v1/chat/completions') return { contentType: 'application/json', frames: ['{}'], pauseMs }
  if (stream === true) return { contentType: 'text/event-stream', frames: toOpenAIStream(model, pieces), pauseMs }
  return { contentType: 'application/json', frames: [toOpenAIWhole(model, pieces)], pauseMs: wholeMs }
}

function toWords(count: number): Piece[] {
  return Array.from({ length: count }, (_, i) => ({ text: i === 0 ? 'The' : ` word${i}` }))
}

const OLLAMA_HEAD = { created_at: '2026-01-01T00:00:00Z' }
const OLLAMA_END = { done: true, done_reason: 'stop', total_duration: 1, prompt_eval_count: 100, eval_count: WORDS }

function toOllama(model: string, pieces: readonly Piece[]): string[] {
  const line = (fields: object) => `${JSON.stringify({ model, ...OLLAMA_HEAD, ...fields })}\n`
  return [
    ...pieces.map((piece) => line({ message: { role: 'assistant', ...toOllamaFields(piece) }, done: false })),
    line({ message: { role: 'assistant', content: '' }, ...OLLAMA_END }),
  ]
}

function toOllamaWhole(model: string, pieces: readonly Piece[]): string {
  const content = pieces.map((piece) => ('text' in piece ? piece.text : '')).join('')
  const called = pieces.filter((piece) => 'name' in piece).map(toOllamaFields)
  const message = { role: 'assistant', ...Object.assign({}, ...called), content }
  return JSON.stringify({ model, ...OLLAMA_HEAD, message, ...OLLAMA_END })
}

function toOllamaFields(piece: Piece): object {
  if ('text' in piece) return { content: piece.text }
  const { name, argumentsText } = piece
  return { content: '', tool_calls: [{ function: { name, arguments: JSON.parse(argumentsText) } }] }
}

const USAGE = { prompt_tokens: 100, completion_tokens: WORDS, total_tokens: 100 + WORDS }

function toOpenAIStream(model: string, pieces: readonly Piece[]): string[] {
  const event = (fields: object) =>
    `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_767_225_600, model, ...fields })}\n\n`
  const delta = (fields: object, finish: string | null = null) =>
    event({ choices: [{ index: 0, delta: fields, finish_reason: finish }] })
  return [
    delta({ role: 'assistant', content: '' }),
    ...pieces.map((piece) => delta('text' in piece ? { content: piece.text } : { tool_calls: [toOpenAICall(piece)] })),
    delta({}, toFinish(pieces)),
    event({ choices: [], usage: USAGE }),
    'data: [DONE]\n\n',
  ]
}

function toOpenAIWhole(model: string, pieces: readonly Piece[]): string {
  const content = pieces.map((piece) => ('text' in piece ? piece.text : '')).join('')
  const calls = pieces.flatMap((piece) => ('text' in piece ? [] : [toOpenAICall(piece)]))
  const message = { role: 'assistant', content, ...(calls.length > 0 && { tool_calls: calls }) }
  const choices = [{ index: 0, message, finish_reason: toFinish(pieces) }]
  return JSON.stringify({
    id: 'chatcmpl-bench',
    object: 'chat.completion',
    created: 1_767_225_600,
    model,
    choices,
    usage: USAGE,
  })
}

const toOpenAICall = ({ name, argumentsText }: { name: string; argumentsText: string }) => ({
  index: 0,
  id: 'call_bench',
  type: 'function',
  function: { name, arguments: argumentsText },
})

const toFinish = (pieces: readonly Piece[]) => (pieces.some((piece) => 'name' in piece) ? 'tool_calls' : 'stop')
