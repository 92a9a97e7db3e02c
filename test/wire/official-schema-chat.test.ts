import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { BackendError, ContextLengthError } from '../../src/errors.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { calls, completed, HELLO, says, startHttp, tells } from '../support/http-gateway.ts'
import { OFFICIAL_VERSION, officialEventFaults, officialFaults } from './official-schema.ts'

const PACKAGE = join(import.meta.dirname, '../../node_modules/openai/package.json')
const TOOL = { type: 'function', function: { name: 'read_file', parameters: { type: 'object' } } }
const WITH_TOOL = { ...HELLO, tools: [TOOL] }
const CALLS = ['call_1', 'call_2'].map((id) => ({ id, name: 'read_file', argumentsText: '{"path":"a.txt"}' }))
const FULL_USAGE = { promptTokens: 12, completionTokens: 3, cachedTokens: 8, reasoningTokens: 2 }

const ANSWERS: { answer: string; body: object; run: ExecuteRun }[] = [
  { answer: 'a text', body: HELLO, run: says('Hel', 'lo') },
  {
    answer: 'a text cut by the limit',
    body: { ...HELLO, max_tokens: 3 },
    run: tells({ type: 'text', text: 'Hel' }, completed({ reason: 'length' })),
  },
  {
    answer: 'a text after filtering',
    body: HELLO,
    run: tells({ type: 'text', text: 'No.' }, completed({ reason: 'content_filter' })),
  },
  { answer: 'no text at all', body: HELLO, run: tells(completed()) },
  { answer: 'one call of a client tool', body: WITH_TOOL, run: calls(...CALLS.slice(0, 1)) },
  { answer: 'two calls of client tools', body: WITH_TOOL, run: calls(...CALLS) },
  {
    answer: 'a text and a call of a client tool',
    body: WITH_TOOL,
    run: tells(
      { type: 'text', text: 'I shall look.' },
      { type: 'client_call', call: { id: 'call_1', name: 'read_file', argumentsText: '' } },
      completed({ reason: 'tool_calls' }),
    ),
  },
  {
    answer: 'usage in all its parts',
    body: HELLO,
    run: tells({ type: 'text', text: 'Hello' }, completed({ usage: FULL_USAGE })),
  },
]

test.each(ANSWERS)('§1.4 $answer is a ChatCompletion by the official description', async ({ body, run }) => {
  const gateway = await startHttp(run)
  const reply = await gateway.ask(body)
  expect(reply.status).toBe(200)
  expect(officialFaults('ChatCompletion', await reply.json())).toEqual([])
})

test.each(ANSWERS)(
  '§1.6 $answer streams as ChatCompletionChunks by the official description',
  async ({ body, run }) => {
    const gateway = await startHttp(run)
    for (const streamOptions of [{}, { stream_options: { include_usage: true } }]) {
      const chunks = await readStream(await gateway.ask({ ...body, stream: true, ...streamOptions }))
      expect(chunks.length).toBeGreaterThanOrEqual(3)
      expect(chunks.flatMap((chunk) => officialFaults('ChatCompletionChunk', chunk))).toEqual([])
    }
  },
)

const fails = (error: Error): ExecuteRun =>
  // biome-ignore lint/correctness/useYield: it fails before there is anything to tell
  async function* () {
    throw error
  }

test.each([
  { problem: 'a body that is no JSON', body: '{', run: says('no'), status: 400 },
  { problem: 'no messages', body: {}, run: says('no'), status: 400 },
  { problem: 'a field of the wrong type', body: { ...HELLO, temperature: 'hot' }, run: says('no'), status: 400 },
  { problem: 'a model that is not there', body: { ...HELLO, model: 'gpt-9' }, run: says('no'), status: 404 },
  {
    problem: 'a conversation that is too long',
    body: HELLO,
    run: fails(new ContextLengthError({ limitTokens: 4_096, promptTokens: 9_000 })),
    status: 400,
  },
  { problem: 'a backend that is down', body: HELLO, run: fails(new BackendError('x', { kind: 'down' })), status: 502 },
  { problem: 'a fault of our own', body: HELLO, run: fails(new Error('bug')), status: 500 },
])('§1.8 $problem is answered with an official ErrorObject', async ({ body, run, status }) => {
  const gateway = await startHttp(run)
  const reply = await gateway.ask(body)
  expect(reply.status).toBe(status)
  expect(officialFaults('ErrorObject', (await reply.json()).error)).toEqual([])
})

test('§1.8 an error within a stream is an official ErrorObject too', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'Hel' }
    throw new BackendError('The model broke off.', { kind: 'failed' })
  })
  const frames = await readStream(await gateway.ask({ ...HELLO, stream: true }))
  const failure = frames.at(-1) as { error: unknown }
  expect(officialFaults('ErrorObject', failure.error)).toEqual([])
})

test('§1.4 the schemas are those of the official client that the other specs use', async () => {
  const installed = JSON.parse(await readFile(PACKAGE, 'utf8')) as { version: string }
  expect(OFFICIAL_VERSION, 'run: node scripts/official-schemas.ts').toBe(installed.version)
})

test('§1.4 the official description is held to: a reply that strays from it is found out', () => {
  const choice = { index: 0, message: { role: 'assistant', content: 'Hello', refusal: null }, logprobs: null }
  const reply = { id: 'x', object: 'chat.completion', created: 1, model: 'operator' }
  const faults = (choices: unknown, fields: object = {}) =>
    officialFaults('ChatCompletion', { ...reply, choices, ...fields }).length
  expect(faults([{ ...choice, finish_reason: 'stop' }])).toBe(0)
  expect(faults([{ ...choice, finish_reason: null }])).toBeGreaterThan(0)
  expect(faults([choice])).toBeGreaterThan(0)
  expect(faults([{ ...choice, finish_reason: 'stop' }], { created: 1.5 })).toBeGreaterThan(0)
  expect(faults([{ ...choice, finish_reason: 'stop' }], { usage: null })).toBeGreaterThan(0)
  expect(faults([{ ...choice, finish_reason: 'stop' }], { tool_trace: [] })).toBeGreaterThan(0)
  expect(officialEventFaults({ type: 'response.progress' })).toEqual(['no event is called response.progress'])
  expect(officialEventFaults({ type: 'response.output_text.delta' })).not.toEqual([])
})

/** Data of all events but `[DONE]`. */
async function readStream(reply: { text(): Promise<string> }): Promise<unknown[]> {
  const events = (await reply.text()).matchAll(/^data: (\{.*)$/gm)
  return [...events].map(([, data = '']) => JSON.parse(data) as unknown)
}
