import { createServer, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { serveReports } from './child.ts'
import { listenOnLoopback } from './listen-on-loopback.ts'

const WORDS = Array.from({ length: 20 }, (_, i) => (i === 0 ? 'The' : ` word${i}`))

let busyMs = 0
/**
 * Speaks Ollama's `/api/chat`, at once and always the same: the answer in 20 pieces, or, when the last user message
 * starts with `tool:`, first a call of the tool and the arguments that follow it.
 */
const server = createServer((request, response) => {
  const startedAt = performance.now()
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.parse(Buffer.concat(chunks).toString() || '{}') as ChatRequest
    response.setHeader('content-type', 'application/x-ndjson')
    void sendLines(response, toLines(body)).then(() => {
      busyMs += performance.now() - startedAt
    })
  })
})
serveReports(await listenOnLoopback(server), () => ({ busyMs }))

/** Each line in a packet of its own, as a model writes them. */
async function sendLines(response: ServerResponse, lines: readonly object[]): Promise<void> {
  response.socket?.setNoDelay(true)
  for (const line of lines) {
    response.write(`${JSON.stringify(line)}\n`)
    await nextTurn()
  }
  response.end()
}

type ChatRequest = { model?: string; messages?: { role: string; content: string }[] }

function toLines({ model = 'stub', messages = [] }: ChatRequest): object[] {
  const created_at = '2026-01-01T00:00:00Z'
  const done = { model, created_at, message: { role: 'assistant', content: '' }, done: true, done_reason: 'stop' }
  const counts = { total_duration: 1, load_duration: 1, prompt_eval_count: 100, eval_count: 20 }
  const last = messages.at(-1)
  const tool = last?.role === 'user' ? /^tool:(\w+) (.*)$/s.exec(last.content) : null
  const pieces: object[] =
    tool === null
      ? WORDS.map((content) => ({ role: 'assistant', content }))
      : [
          {
            role: 'assistant',
            content: '',
            tool_calls: [{ function: { name: tool[1], arguments: JSON.parse(tool[2] ?? '{}') } }],
          },
        ]
  return [...pieces.map((message) => ({ model, created_at, message, done: false })), { ...done, ...counts }]
}
