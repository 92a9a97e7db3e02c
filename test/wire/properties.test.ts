import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Model } from '../../src/models/model.ts'
import { createOllamaModel, loadOllama } from '../../src/models/ollama.ts'
import { createOpenAIModel, loadOpenAI } from '../../src/models/openai.ts'
import { GAS_PRICE, startAgentGateway } from '../support/agent-gateway.ts'
import type { HttpGateway } from '../support/http-gateway.ts'
import { readChunks } from '../support/read-chunks.ts'

/** What the backend writes in its first step: text, or a call of a server tool and one of a client tool. */
type Step = 'answer' | 'mixed'

type Wire = {
  contentType: string
  /** The steps as they go over the wire. */
  steps: Record<Step, string>
  /** The same in one piece, for a model that asks for no stream. */
  whole: Record<Step, string>
  createModel(baseUrl: string): Model
}

/** How a backend's first step ends after its first `bytes` bytes: properly, or with the connection. */
type Cut = { bytes: number; by: 'end' | 'destroy' }

const ANSWER = 'Es sind 7 € 🙂.'
const SERVER_CALL = { name: GAS_PRICE.name, arguments: { chain: 'base' } }
const CLIENT_CALL = { name: 'open_page', arguments: { page: 'größe 🙂' } }
const CLIENT_TOOL = { type: 'function', function: { name: CLIENT_CALL.name } }

const line = (fields: object) => `${JSON.stringify(fields)}\n`
const event = (fields: object) => `data: ${JSON.stringify(fields)}\n\n`
const delta = (fields: object) => event({ choices: [{ index: 0, delta: fields }] })
const fragment = (index: number, fields: object) => delta({ tool_calls: [{ index, ...fields }] })

const lineEnd = line({ message: { content: '' }, done: true, done_reason: 'stop', eval_count: 3 })
const eventEnd = (finish_reason: string) =>
  `${event({ choices: [{ index: 0, delta: {}, finish_reason }], usage: USAGE })}data: [DONE]\n\n`
const USAGE = { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 }

const toLine = (call: object) => line({ message: { content: '', tool_calls: [{ function: call }] }, done: false })
function toFragments(index: number, call: typeof CLIENT_CALL | typeof SERVER_CALL): string {
  const text = JSON.stringify(call.arguments)
  return (
    fragment(index, { id: `call_${index}`, function: { name: call.name, arguments: text.slice(0, 9) } }) +
    fragment(index, { function: { arguments: text.slice(9) } })
  )
}

const toWireCall = (call: typeof CLIENT_CALL | typeof SERVER_CALL, index: number) => ({
  id: `call_${index}`,
  type: 'function',
  function: { name: call.name, arguments: JSON.stringify(call.arguments) },
})
const toReply = (message: object, finish_reason: string) =>
  JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason }], usage: USAGE })

const wires: Record<string, Wire> = {
  Ollama: {
    contentType: 'application/x-ndjson',
    steps: {
      answer: ['Es sind 7', ' € 🙂.'].map((content) => line({ message: { content }, done: false })).join('') + lineEnd,
      mixed: toLine(SERVER_CALL) + toLine(CLIENT_CALL) + lineEnd,
    },
    whole: {
      answer: line({ message: { content: ANSWER }, done: true, done_reason: 'stop' }),
      mixed: line({
        message: { content: '', tool_calls: [SERVER_CALL, CLIENT_CALL].map((call) => ({ function: call })) },
        done: true,
        done_reason: 'stop',
      }),
    },
    createModel: (baseUrl) => createOllamaModel({ id: 'operator', modelName: 'm', baseUrl, contextTokens: 16_384 }),
  },
  OpenAI: {
    contentType: 'text/event-stream',
    steps: {
      answer: ['Es sind 7', ' € 🙂.'].map((content) => delta({ content })).join('') + eventEnd('stop'),
      mixed: toFragments(0, SERVER_CALL) + toFragments(1, CLIENT_CALL) + eventEnd('tool_calls'),
    },
    whole: {
      answer: toReply({ content: ANSWER }, 'stop'),
      mixed: toReply({ content: null, tool_calls: [SERVER_CALL, CLIENT_CALL].map(toWireCall) }, 'tool_calls'),
    },
    createModel: (baseUrl) => createOpenAIModel({ id: 'operator', modelName: 'm', baseUrl: `${baseUrl}/v1` }),
  },
}

describe.each(Object.entries(wires))('however the answer of %s is', (_name, wire) => {
  beforeAll(() => Promise.all([loadOllama(), loadOpenAI()]))

  test.each(['answer', 'mixed'] as const)(
    '§1.4 §1.6 cut short, a caller hears all of it or an error, and never half a call (%s)',
    async (step) => {
      const gateway = await startAgentGateway(wire.createModel(await startBackend(wire)))
      await forEachCut(wire.steps[step], async (cut) => {
        // Both ways of asking share all but their last steps, so each cut is asked one way.
        const stream = cut.bytes % 4 < 2
        const response = await gateway.ask(toRequest({ step, cut, stream }))
        if (response.status !== 200) {
          return expect(await response.json()).toMatchObject({ error: { code: 'model_backend_error' } })
        }
        if (!stream) return expectWhole(step, readReply(await response.json()))
        const streamed = readChunks(await response.text())
        if (streamed.isDone) expectWhole(step, streamed)
        else expect([ANSWER.startsWith(streamed.text), streamed.calls]).toEqual([true, []])
      })
      // A server tool runs with whole arguments or not at all.
      expect(new Set(gateway.ran.map(({ argumentsText }) => argumentsText))).toEqual(
        new Set(step === 'mixed' ? [JSON.stringify(SERVER_CALL.arguments)] : []),
      )
    },
  )

  test.each(['answer', 'mixed'] as const)('§1.6 parted in two, nothing changes (%s)', async (step) => {
    const gateway = await startAgentGateway(wire.createModel(await startBackend(wire)))
    await forEachCut(wire.steps[step], async ({ bytes }) => {
      const response = await gateway.ask(toRequest({ step, parted: bytes, stream: true }))
      expectWhole(step, readChunks(await response.text()))
    })
  })
})

type Heard = { text: string; calls: readonly { name: string; arguments: string }[]; finishes: readonly string[] }

function readReply({ choices: [choice] }: Awaited<ReturnType<Awaited<ReturnType<HttpGateway['ask']>>['json']>>): Heard {
  const { content = '', tool_calls = [] } = choice?.message ?? {}
  return {
    text: content ?? '',
    calls: tool_calls.map(({ function: called }) => called),
    finishes: [choice?.finish_reason ?? ''],
  }
}

function expectWhole(step: Step, { text, calls, finishes }: Heard): void {
  const heard = { text, calls: calls.map((call) => ({ ...call, arguments: JSON.parse(call.arguments) })), finishes }
  expect(heard).toMatchObject(
    step === 'mixed'
      ? { text: '', calls: [CLIENT_CALL], finishes: ['tool_calls'] }
      : { text: ANSWER, calls: [], finishes: ['stop'] },
  )
}

/** Read by the backend out of the question, so that all cuts can be asked at once. */
type Question = { step: Step; cut?: Cut; parted?: number }

const toRequest = ({ stream = false, ...question }: Question & { stream?: boolean }) => ({
  messages: [{ role: 'user', content: JSON.stringify(question) }],
  stream,
  ...(question.step === 'mixed' && { tools: [CLIENT_TOOL] }),
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

async function startBackend({ contentType, steps, whole }: Wire): Promise<string> {
  const server = createServer(async (req, res) => {
    const { messages, stream } = (await readJson(req)) as {
      messages: { role: string; content: string }[]
      stream?: boolean
    }
    const question: Question = JSON.parse(messages.find(({ role }) => role === 'user')?.content ?? '')
    const isFirst = messages.at(-1)?.role === 'user'
    const bytes = Buffer.from((stream ? steps : whole)[isFirst ? question.step : 'answer'])
    const { cut, parted } = isFirst ? question : {}
    if (cut?.bytes === 0 && cut.by === 'destroy') return void res.destroy()
    res.writeHead(200, { 'content-type': stream ? contentType : 'application/json' })
    const at = cut?.bytes ?? parted ?? bytes.length
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
