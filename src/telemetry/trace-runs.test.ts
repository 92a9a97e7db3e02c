import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace'
import { expect, test } from 'vitest'
import { completed, idleModel } from '../../test/support/http-gateway.ts'
import { BackendError } from '../errors.ts'
import type { Journal } from '../runs/journal.ts'
import type { RunEvent, RunOrder } from '../runs/run.ts'
import { observeRuns } from './observe-runs.ts'
import { type TraceOptions, traceRuns } from './trace-runs.ts'

const ORDER = {
  id: 'run_0123456789abcdef01234567',
  caller: '0xd8da6bf26964af9d7eed9e03e53415d37aa96045',
  model: idleModel('operator'),
  messages: [{ role: 'user', text: 'a private question' }],
  params: { temperature: 0.2, maxTokens: 100, stop: ['END'] },
} as unknown as RunOrder
const CALL = { id: 'call_1', name: 'balance', argumentsText: '{"address":"private.eth"}' }
const OK = { ok: true, text: '{"summary":"private"}', summary: 'private', output: {}, blocks: [] } as const
const FAILED = { ok: false, text: '{"error":"private"}', reason: 'private' } as const
const WORK: readonly RunEvent[] = [
  { type: 'step_started', step: 1 },
  {
    type: 'step_finished',
    step: 1,
    usage: { promptTokens: 10, completionTokens: 5 },
    backend: 'runpod:Qwen/Qwen3-32B',
  },
  { type: 'tool_started', step: 1, call: CALL },
  { type: 'tool_started', step: 1, call: { ...CALL, id: 'call_2', name: 'gas_price' } },
  { type: 'tool_finished', step: 1, call: { ...CALL, id: 'call_2', name: 'gas_price' }, result: FAILED as never },
  { type: 'tool_finished', step: 1, call: CALL, result: OK },
]

test('a run is an invoke_agent span around the chats and tools of its steps', async () => {
  const spans = await traced([...WORK, completed({ trace: { steps: 1 } })])
  expect(spans.map(({ name, kind }) => [name, kind])).toEqual([
    ['chat qwen3:8b', SpanKind.CLIENT],
    ['execute_tool gas_price', SpanKind.INTERNAL],
    ['execute_tool balance', SpanKind.INTERNAL],
    ['invoke_agent operator', SpanKind.INTERNAL],
  ])
  const [chat, failed, tool, run] = spans
  for (const span of [chat, failed, tool]) {
    expect(span?.parentSpanContext?.spanId).toBe(run?.spanContext().spanId)
    expect(span?.spanContext().traceId).toBe(run?.spanContext().traceId)
  }
  expect(run?.attributes).toEqual({
    'gen_ai.operation.name': 'invoke_agent',
    'gen_ai.provider.name': 'groundwire',
    'gen_ai.agent.name': 'operator',
    'gen_ai.request.model': 'operator',
    'gen_ai.request.temperature': 0.2,
    'gen_ai.request.max_tokens': 100,
    'gen_ai.request.stop_sequences': ['END'],
    'gen_ai.output.type': 'text',
    'gen_ai.response.finish_reasons': ['stop'],
    'gen_ai.usage.input_tokens': 12,
    'gen_ai.usage.output_tokens': 3,
    'groundwire.run.id': ORDER.id,
    'groundwire.run.kept': false,
    'groundwire.run.steps': 1,
  })
  expect(chat?.attributes).toMatchObject({
    'gen_ai.operation.name': 'chat',
    'gen_ai.provider.name': 'runpod',
    'gen_ai.request.model': 'qwen3:8b',
    'gen_ai.response.model': 'Qwen/Qwen3-32B',
    'gen_ai.usage.input_tokens': 10,
    'gen_ai.usage.output_tokens': 5,
  })
  expect(tool?.attributes).toEqual({
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'balance',
    'gen_ai.tool.type': 'function',
    'gen_ai.tool.call.id': 'call_1',
  })
  expect(failed?.attributes).toMatchObject({ 'error.type': 'tool_error' })
  expect(failed?.status).toEqual({ code: SpanStatusCode.ERROR })
})

test('nothing that was said is in a span, unless the operator wants it there', async () => {
  const events = [...WORK, completed()]
  const texts = async (options: TraceOptions) =>
    JSON.stringify(
      (await traced(events, { options })).map(({ attributes, status, events }) => [attributes, status, events]),
    )
  expect(await texts({})).not.toMatch(/private|0xd8da/)
  expect(await texts({ withContent: true })).toMatch(/private\.eth.*summary/)
})

test('the span goes on where the trace of the caller is', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  const [run] = (await traced([completed()], { order: { ...ORDER, traceparent } })).slice(-1)
  expect(run?.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c')
  expect(run?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true })
})

test('a caller who does not sample its trace has none here', async () => {
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'
  expect(await traced([...WORK, completed()], { order: { ...ORDER, traceparent } })).toEqual([])
})

test('a run that fails ends all its spans with the type of the error, never its text', async () => {
  const error = new BackendError('private words of a backend', { kind: 'down' })
  const spans = await traced([{ type: 'step_started', step: 1 }], { error })
  expect(spans.map(({ name, attributes, status }) => [name, attributes['error.type'], status])).toEqual([
    ['chat qwen3:8b', 'model_backend_error', { code: SpanStatusCode.ERROR }],
    ['invoke_agent operator', 'model_backend_error', { code: SpanStatusCode.ERROR }],
  ])
})

test('what a run has from its journal has no spans of its own', async () => {
  const journal = { recordedSteps: 1, durationMs: () => 5 } as unknown as Journal
  const spans = await traced([...WORK, { type: 'step_started', step: 2 }, completed()], { journal })
  expect(spans.map(({ name }) => name)).toEqual(['chat qwen3:8b', 'invoke_agent operator'])
})

/** The spans of a run that tells `events`, in the order they have ended. */
async function traced(
  events: readonly RunEvent[],
  given: { order?: RunOrder; options?: TraceOptions; error?: Error; journal?: Journal } = {},
): Promise<readonly ReadableSpan[]> {
  const exporter = new InMemorySpanExporter()
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
  const run = observeRuns(
    async function* () {
      yield* events
      if (given.error) throw given.error
    },
    [traceRuns(provider.getTracer('test'), given.options)],
  )
  try {
    for await (const _ of run(given.order ?? ORDER, new AbortController().signal, given.journal));
  } catch (error) {
    expect(error).toBe(given.error)
  }
  await provider.forceFlush()
  return exporter.getFinishedSpans()
}
