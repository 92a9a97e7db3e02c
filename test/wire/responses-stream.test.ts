import OpenAI from 'openai'
import type { ResponseStreamEvent } from 'openai/resources/responses/responses'
import { expect, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import type { ResponseEvent } from '../../src/http/responses/response-event.ts'
import type { ExecuteRun, RunEvent } from '../../src/runs/run.ts'
import { readEvents, responsesOf } from '../support/ask-responses.ts'
import { calls, completed, says, startHttp, tells } from '../support/http-gateway.ts'
import { readAlong } from '../support/read-along.ts'

const CALL = { id: 'call_1', name: 'open_page', argumentsText: '{"page":1}' }
const OPEN_PAGE = { type: 'function', name: 'open_page' }
const WORKING: RunEvent = { type: 'tool_started', step: 1, call: CALL }
const RUN_ID = { newRunId: () => 'run_abcdefghijklmnopqrstuvwx' }

// Every event is one that the official client knows.
const _known = (type: ResponseEvent['type']) => type satisfies ResponseStreamEvent['type']

test('§2 a stream is, in order, the life of the response, its items and their texts', async () => {
  const gateway = await startHttp(says('Hel', 'lo'), RUN_ID)
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  const at = { item_id: 'msg_abcdefghijklmnopqrstuvwxo0', output_index: 0, content_index: 0 }
  const part = (text: string) => ({ type: 'output_text', text, annotations: [], logprobs: [] })
  const message = { type: 'message', id: at.item_id, role: 'assistant' }
  const begun = expect.objectContaining({ status: 'in_progress', output: [], usage: null })
  expect(events).toEqual([
    { type: 'response.created', sequence_number: 0, response: begun },
    { type: 'response.in_progress', sequence_number: 1, response: begun },
    {
      type: 'response.output_item.added',
      sequence_number: 2,
      output_index: 0,
      item: { ...message, status: 'in_progress', content: [] },
    },
    { type: 'response.content_part.added', sequence_number: 3, ...at, part: part('') },
    { type: 'response.output_text.delta', sequence_number: 4, ...at, delta: 'Hel', logprobs: [] },
    { type: 'response.output_text.delta', sequence_number: 5, ...at, delta: 'lo', logprobs: [] },
    { type: 'response.output_text.done', sequence_number: 6, ...at, text: 'Hello', logprobs: [] },
    { type: 'response.content_part.done', sequence_number: 7, ...at, part: part('Hello') },
    {
      type: 'response.output_item.done',
      sequence_number: 8,
      output_index: 0,
      item: { ...message, status: 'completed', content: [part('Hello')] },
    },
    {
      type: 'response.completed',
      sequence_number: 9,
      response: expect.objectContaining({
        status: 'completed',
        output: [{ ...message, status: 'completed', content: [part('Hello')] }],
        usage: expect.objectContaining({ total_tokens: 15 }),
      }),
    },
  ])
})

test('§2 the head of a stream is that of events, and each frame names its event', async () => {
  const gateway = await startHttp(says('hi'))
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true })
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-groundwire-run-id': expect.stringMatching(/^run_/),
  })
  const text = await response.text()
  expect(text).toMatch(/^event: response\.created\ndata: \{"type":"response\.created"/)
  expect(text).not.toContain('[DONE]')
})

test('§2 a call is streamed after the text, with its arguments', async () => {
  const gateway = await startHttp(
    tells({ type: 'text', text: 'Wait.' }, { type: 'client_call', call: CALL }, completed({ reason: 'tool_calls' })),
    RUN_ID,
  )
  const events = await responsesOf(gateway).stream({ input: 'go', tools: [OPEN_PAGE] })
  const item = { type: 'function_call', id: 'fc_abcdefghijklmnopqrstuvwxo1', call_id: 'call_1', name: 'open_page' }
  const at = { item_id: item.id, output_index: 1 }
  const done = { ...item, arguments: '{"page":1}', status: 'completed' }
  expect(events.slice(-5)).toEqual([
    {
      type: 'response.output_item.added',
      sequence_number: 8,
      output_index: 1,
      item: { ...item, arguments: '', status: 'in_progress' },
    },
    { type: 'response.function_call_arguments.delta', sequence_number: 9, ...at, delta: '{"page":1}' },
    {
      type: 'response.function_call_arguments.done',
      sequence_number: 10,
      ...at,
      name: 'open_page',
      arguments: '{"page":1}',
    },
    { type: 'response.output_item.done', sequence_number: 11, output_index: 1, item: done },
    {
      type: 'response.completed',
      sequence_number: 12,
      response: expect.objectContaining({ output: [expect.objectContaining({ type: 'message' }), done] }),
    },
  ])
})

test('§2 a free-text call is streamed as its input', async () => {
  const gateway = await startHttp(calls({ id: 'call_1', name: 'patch', argumentsText: '{"input":"+ line"}' }))
  const events = await responsesOf(gateway).stream({ input: 'go', tools: [{ type: 'custom', name: 'patch' }] })
  expect(events.slice(2, -1)).toMatchObject([
    { type: 'response.output_item.added', item: { type: 'custom_tool_call', input: '' } },
    { type: 'response.custom_tool_call_input.delta', delta: '+ line' },
    { type: 'response.custom_tool_call_input.done', input: '+ line' },
    { type: 'response.output_item.done', item: { type: 'custom_tool_call', input: '+ line' } },
  ])
})

test('§2 an answer that was cut ends with response.incomplete', async () => {
  const gateway = await startHttp(tells({ type: 'text', text: 'Hel' }, completed({ reason: 'length' })))
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  expect(events.at(-1)).toMatchObject({
    type: 'response.incomplete',
    response: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
  })
})

test('§2 server tools never show: a tool step only opens the stream', async () => {
  const gateway = await startHttp(tells(WORKING, { type: 'text', text: 'hi' }, completed()))
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  expect(JSON.stringify(events)).not.toContain('open_page')
  expect(events.map(({ type }) => type).slice(0, 3)).toEqual([
    'response.created',
    'response.in_progress',
    'response.output_item.added',
  ])
})

test('§2 streamed and whole answers are equal', async () => {
  const gateway = await startHttp(says('Grüße ', '\ud83d', '\ude00'), { ...RUN_ID, now: () => 1_718_464_968_000 })
  const { body } = await responsesOf(gateway).create({ input: 'hello' })
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  expect(events.at(-1)?.response).toEqual(body)
  expect(body.output[0].content[0].text).toBe('Grüße 😀')
})

test('§2 what fails before the first event keeps its status', async () => {
  const gateway = await startHttp(
    // biome-ignore lint/correctness/useYield: it fails before it tells anything
    async function* () {
      throw new BackendError('operator is busy', { kind: 'busy' })
    },
  )
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true })
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ error: { code: 'server_overloaded' } })
})

test('§2 what fails later is response.failed, with what there was, and the stream ends', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'Hel' }
    throw new BackendError('operator broke off', { kind: 'failed' })
  })
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  expect(events.at(-1)).toMatchObject({
    type: 'response.failed',
    response: {
      status: 'failed',
      error: { code: 'server_error', message: 'operator broke off', type: 'upstream_error', param: null },
      output: [{ status: 'incomplete', content: [{ text: 'Hel' }] }],
    },
  })
  await expect
    .poll(() => gateway.log.at(-1))
    .toMatchObject({ route: '/v1/responses', error: { message: 'operator broke off' } })
})

test('§2 a stream that failed is kept as what it told, and nothing can follow it', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'Hel' }
    throw new BackendError('operator broke off', { kind: 'failed' })
  })
  const { stream, get, create } = responsesOf(gateway)
  const told = (await stream({ input: 'hello' })).at(-1)?.response as { id: string }
  expect(await get(told.id)).toMatchObject({ status: 200, body: told })
  expect(await create({ input: 'and?', previous_response_id: told.id })).toMatchObject({
    status: 400,
    body: { error: { param: 'previous_response_id', message: expect.stringContaining('is failed') } },
  })
})

test.each([
  ['JSON', { text: { format: { type: 'json_object' } } }],
  ['a call that was asked for', { tools: [OPEN_PAGE], tool_choice: 'required' }],
])('§1.6 what goes wrong with an answer as %s has its status, as nothing of it was sent', async (_what, asked) => {
  const gateway = await startHttp(async function* () {
    yield WORKING
    throw new BackendError('It did not come.', { kind: 'failed' })
  })
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true, ...asked })
  expect([response.status, response.headers.get('x-should-retry')]).toEqual([502, 'false'])
})

test('§2 a bug of ours is told as no more than that', async () => {
  const gateway = await startHttp(async function* () {
    yield WORKING
    throw new Error('secret path')
  })
  const events = await responsesOf(gateway).stream({ input: 'hello' })
  expect(events.map(({ type }) => type)).toEqual([
    'response.created',
    'response.in_progress',
    'error',
    'response.failed',
  ])
  expect(JSON.stringify(events)).not.toContain('secret path')
})

test('§1.6 silence before the first event is broken by comments that no reader takes for an event', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const slow: ExecuteRun = async function* (order) {
    await answer
    yield* says('hi')(order, new AbortController().signal)
  }
  const gateway = await startHttp(slow, { settings: { heartbeatMs: 10 } })
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true })
  const stream = readAlong(response)
  expect(await stream.until(/(: ping\n){3}/)).toMatch(/^(: ping\n)+$/)
  resolve()
  expect(readEvents(await stream.end()).at(-1)).toMatchObject({ type: 'response.completed' })
})

test('§2 a queued response says that it is in progress until there is output, as some clients do not count comments', async () => {
  const { promise: answer, resolve } = Promise.withResolvers<void>()
  const slow: ExecuteRun = async function* (order, signal, journal) {
    await answer
    yield* says('hi')(order, signal, journal)
  }
  const gateway = await startHttp(slow, { durable: true, settings: { heartbeatMs: 10 } })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 })
  const told: ResponseStreamEvent[] = []
  const stream = client.responses.stream({ model: 'conductor', input: 'hello' }).on('event', (event) => {
    told.push(event)
    if (told.length === 4) resolve()
  })
  expect(await stream.finalResponse()).toMatchObject({ status: 'completed', output_text: 'hi' })
  const types = told.map(({ type }) => type)
  expect(types.slice(0, 4)).toEqual(['response.created', ...Array(3).fill('response.in_progress')])
  expect(types.lastIndexOf('response.in_progress')).toBeLessThan(types.indexOf('response.output_item.added'))
  expect(told.map(({ sequence_number }) => sequence_number)).toEqual(told.map((_, at) => at))
})

test('§1.6 once there is output, silence is broken by comments', async () => {
  const { promise: rest, resolve } = Promise.withResolvers<void>()
  const gateway = await startHttp(
    async function* () {
      yield { type: 'text', text: 'Hel' }
      await rest
      yield { type: 'text', text: 'lo' }
      yield completed()
    },
    { settings: { heartbeatMs: 10 } },
  )
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true })
  const stream = readAlong(response)
  await stream.until(/delta".*(: ping\n){2}/s)
  resolve()
  const types = readEvents(await stream.end()).map(({ type }) => type)
  expect(types.lastIndexOf('response.in_progress')).toBeLessThan(types.indexOf('response.output_item.added'))
})

test('§1.6 a caller who leaves stops the run', async () => {
  const { promise: stopped, resolve } = Promise.withResolvers<unknown>()
  const gateway = await startHttp(async function* (_order, signal) {
    yield { type: 'text', text: 'Hel' }
    signal.addEventListener('abort', () => resolve(signal.reason))
    await stopped
    signal.throwIfAborted()
  })
  const caller = new AbortController()
  const response = await responsesOf(gateway).send('POST', '', { input: 'hello', stream: true }, caller.signal)
  await response.body?.getReader().read()
  caller.abort()
  expect(await stopped).toMatchObject({ message: 'The caller hung up.' })
})

test('§2 the official client builds the same response from the stream', async () => {
  const gateway = await startHttp(
    tells(
      { type: 'text', text: 'Hel' },
      { type: 'text', text: 'lo' },
      { type: 'client_call', call: CALL },
      completed(),
    ),
  )
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'k', maxRetries: 0 })
  const tools: OpenAI.Responses.Tool[] = [
    { type: 'function', name: 'open_page', parameters: { type: 'object', properties: {} }, strict: false },
  ]
  const stream = client.responses.stream({ model: 'operator', input: 'hello', tools })
  const response = await stream.finalResponse()
  expect(response.output_text).toBe('Hello')
  expect(response.output[1]).toMatchObject({ type: 'function_call', name: 'open_page', arguments: '{"page":1}' })
})
