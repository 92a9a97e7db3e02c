import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/agent/limits.ts'
import type { ChainSession } from '../src/chain/chain-session.ts'
import type { Model } from '../src/models/model.ts'
import { createOllamaModel, loadOllama } from '../src/models/ollama.ts'
import { createOpenAIModel, loadOpenAI } from '../src/models/openai.ts'
import { createExecuteRun } from '../src/runs/execute-run.ts'
import type { ToolSet } from '../src/tools/tool-set.ts'
import { type HttpGateway, startHttp, toModels } from './support/http-gateway.ts'

/** How a backend's answer ends after its first `bytes` bytes: properly, or with the connection. */
type Cut = { bytes: number; by: 'end' | 'destroy' }

type Wire = {
  contentType: string
  /** A step that answers, a step that calls a tool, as they go over the wire. */
  answer: string
  call: string
  createModel(baseUrl: string): Model
}

const ANSWER = 'Es sind 7 € 🙂.'
const CALL = { name: 'gas_price', arguments: { chain: 'base' } }
const RESULT = 'Gas on base costs 7 gwei.'

const line = (fields: object) => `${JSON.stringify(fields)}\n`
const event = (choices: object[], fields: object = {}) => `data: ${JSON.stringify({ choices, ...fields })}\n\n`
const delta = (fields: object, finish: string | null = null) => [{ index: 0, delta: fields, finish_reason: finish }]
const fragment = (fields: object) => event(delta({ tool_calls: [{ index: 0, ...fields }] }))

const lineEnd = line({ message: { content: '' }, done: true, done_reason: 'stop', eval_count: 3 })
const eventEnd = (finish: string) => `${event(delta({}, finish))}${event([], { usage: USAGE })}data: [DONE]\n\n`
const USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }

const wires: Record<string, Wire> = {
  Ollama: {
    contentType: 'application/x-ndjson',
    answer: ['Es sind 7', ' € 🙂.'].map((content) => line({ message: { content }, done: false })).join('') + lineEnd,
    call: line({ message: { content: '', tool_calls: [{ function: CALL }] }, done: false }) + lineEnd,
    createModel: (baseUrl) => createOllamaModel({ id: 'operator', modelName: 'm', baseUrl, contextTokens: 16_384 }),
  },
  OpenAI: {
    contentType: 'text/event-stream',
    answer: ['Es sind 7', ' € 🙂.'].map((content) => event(delta({ content }))).join('') + eventEnd('stop'),
    call:
      fragment({ id: 'call_1', type: 'function', function: { name: CALL.name, arguments: '{"chain":' } }) +
      fragment({ function: { arguments: '"base"}' } }) +
      eventEnd('tool_calls'),
    createModel: (baseUrl) => createOpenAIModel({ id: 'operator', modelName: 'm', baseUrl: `${baseUrl}/v1` }),
  },
}

describe.each(Object.entries(wires))('however the answer of %s is', (_name, wire) => {
  beforeAll(() => Promise.all([loadOllama(), loadOpenAI()]))

  test('cut short, a blocking caller hears all of it or a 502', async () => {
    const gateway = await startGateway(wire)
    await forEachCut(wire.answer, async (cut) => {
      const response = await gateway.ask(toRequest({ answer: cut }))
      const text = await response.text()
      if (response.status === 200) expect(JSON.parse(text).choices[0].message.content).toBe(ANSWER)
      else expect([response.status, JSON.parse(text).error.code], text).toEqual([502, 'model_backend_error'])
    })
  })

  test('cut short, a stream ends with [DONE] or an error, never with both or neither', async () => {
    const gateway = await startGateway(wire)
    await forEachCut(wire.answer, async (cut) => {
      const response = await gateway.ask(toRequest({ answer: cut, stream: true }))
      const body = await response.text()
      if (response.status !== 200) return expect(response.status, body).toBe(502)
      const { text, finishes, isDone, hasFailed } = readFrames(body)
      expect(ANSWER.startsWith(text)).toBe(true)
      expect({ isDone, hasFailed, finishes }).toEqual(
        isDone ? { isDone, hasFailed: false, finishes: ['stop'] } : { isDone, hasFailed: true, finishes: [] },
      )
      if (isDone) expect(text).toBe(ANSWER)
    })
  })

  test('cut short where it calls a tool, the tool runs with whole arguments or not at all', async () => {
    const gateway = await startGateway(wire)
    await forEachCut(wire.call, async (cut) => {
      const response = await gateway.ask(toRequest({ call: cut }))
      const text = await response.text()
      if (response.status === 200) expect(JSON.parse(text).choices[0].message.content).toBe(ANSWER)
      else expect([response.status, JSON.parse(text).error.code], text).toEqual([502, 'model_backend_error'])
    })
    expect(new Set(gateway.ran)).toEqual(new Set([JSON.stringify(CALL.arguments)]))
  })

  test('parted in two, nothing changes', async () => {
    const gateway = await startGateway(wire)
    await forEachCut(wire.answer, async ({ bytes }) => {
      const response = await gateway.ask(toRequest({ parted: bytes }))
      expect((await response.json()).choices[0]?.message.content).toBe(ANSWER)
    })
  })
})

/** Read by the backend out of the question, so that all cuts can be asked at once. */
type Question = { answer?: Cut; call?: Cut; parted?: number; stream?: boolean }

const toRequest = ({ stream = false, ...question }: Question) => ({
  messages: [{ role: 'user', content: JSON.stringify(question) }],
  stream,
})

const PARALLEL = 24

async function forEachCut(transcript: string, check: (cut: Cut) => Promise<void>): Promise<void> {
  const length = Buffer.byteLength(transcript)
  const cuts = Array.from({ length: length + 1 }, (_, bytes) => ({ bytes, by: bytes % 2 ? 'end' : 'destroy' }) as Cut)
  // What both ways of ending agree on is not asked twice, except around the frames' ends, where it matters.
  const ends = [...Buffer.from(transcript)].flatMap((byte, at) => (byte === 0x0a ? [at, at + 1, at + 2] : []))
  const all = [
    ...cuts,
    ...ends.flatMap((bytes): Cut[] => [
      { bytes, by: 'end' },
      { bytes, by: 'destroy' },
    ]),
  ].values()
  await Promise.all(
    Array.from({ length: PARALLEL }, async () => {
      for (const cut of all) await check(cut)
    }),
  )
}

async function startGateway(wire: Wire): Promise<HttpGateway & { ran: string[] }> {
  const ran: string[] = []
  const model = wire.createModel(await startBackend(wire))
  const tools: ToolSet = {
    definitions: [{ name: CALL.name, description: 'Gas price.', parameters: { type: 'object', properties: {} } }],
    async run({ argumentsText }) {
      ran.push(argumentsText)
      return { ok: true, text: RESULT, summary: RESULT, output: {}, blocks: [] }
    },
  }
  const executeRun = createExecuteRun({
    tools,
    openChainSession: () => NO_CHAIN,
    prompts: { system: 'Be brief.', lastStep: 'Answer now.' },
    limits: DEFAULT_LIMITS,
  })
  const gateway = await startHttp(executeRun, { models: toModels([{ id: 'operator', model }]) })
  return { ...gateway, ran }
}

const NO_CHAIN: ChainSession = {
  scope: () => expect.unreachable('no tool here reads a chain'),
  evidence: () => [],
  blocks: () => [],
  findReorgs: async () => [],
}

async function startBackend({ contentType, answer, call }: Wire): Promise<string> {
  const server = createServer(async (req, res) => {
    const { messages } = (await readJson(req)) as { messages: { role: string; content: string }[] }
    const question: Question = JSON.parse(messages.find(({ role }) => role === 'user')?.content ?? '')
    const isFirst = messages.at(-1)?.role === 'user'
    const bytes = Buffer.from(question.call && isFirst ? call : answer)
    const cut = question.call && isFirst ? question.call : question.answer
    if (cut?.bytes === 0 && cut.by === 'destroy') return void res.destroy()
    res.writeHead(200, { 'content-type': contentType })
    const at = cut?.bytes ?? question.parted ?? bytes.length
    const finish = () => {
      if (cut === undefined) res.end(bytes.subarray(at))
      else if (cut.by === 'end') res.end()
      else res.socket?.destroySoon()
    }
    res.flushHeaders()
    if (at === 0) finish()
    else res.write(bytes.subarray(0, at), () => setImmediate(finish))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

async function readJson(req: IncomingMessage): Promise<unknown> {
  let text = ''
  for await (const chunk of req) text += chunk
  return JSON.parse(text)
}

/** Reads a stream as strictly as the strictest client: nothing but `data:` lines, each of them JSON or the end. */
function readFrames(body: string) {
  expect(body.endsWith('\n\n')).toBe(true)
  const frames = body.slice(0, -2).split('\n\n')
  for (const frame of frames) expect(frame).toMatch(/^data: [^\n]+$/)
  const isDone = frames.at(-1) === 'data: [DONE]'
  const values = (isDone ? frames.slice(0, -1) : frames).map((frame) => JSON.parse(frame.slice('data: '.length)))
  const chunks = values.filter((value) => !('error' in value))
  expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1)
  expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' })
  return {
    text: chunks.map(({ choices }) => choices[0].delta.content ?? '').join(''),
    finishes: chunks.flatMap(({ choices }) => choices[0].finish_reason ?? []),
    hasFailed: 'error' in values.at(-1),
    isDone,
  }
}
