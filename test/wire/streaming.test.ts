import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import OpenAI from 'openai'
import { expect, onTestFinished, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import { toCallDeltas } from '../../src/http/chat/chat-reply.ts'
import type { ExecuteRun, RunEvent } from '../../src/runs/run.ts'
import { calls, completed, HELLO, type HttpGateway, says, startHttp, tells, WALLET } from '../support/http-gateway.ts'
import { readChunks } from '../support/read-chunks.ts'

const STREAM = { ...HELLO, stream: true }
const WITH_USAGE = { ...STREAM, stream_options: { include_usage: true } }
const CALL = { id: 'call_1', name: 'ens', argumentsText: '{}' }
const TOOL = { type: 'function', function: { name: 'ens' } }
const TOOL_STARTED: RunEvent = { type: 'tool_started', step: 1, call: CALL }

/** A promise one can settle from outside: a gate in a run. */
function gate(): { opened: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

test('§1.6 a stream is, byte for byte, role, texts, one finish, usage and [DONE]', async () => {
  const gateway = await startHttp(says('Hel', 'lo'), {
    newRunId: () => 'run_abcdefghijklmnopqrstuvwx',
    now: () => 1_718_464_968_000,
  })
  const response = await gateway.ask(WITH_USAGE)
  expect(response.status).toBe(200)
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    connection: 'keep-alive',
    'x-accel-buffering': 'no',
    'x-groundwire-run-id': 'run_abcdefghijklmnopqrstuvwx',
    'x-request-id': expect.stringMatching(/^req_/),
  })
  const head =
    '"id":"chatcmpl-abcdefghijklmnopqrstuvwx","object":"chat.completion.chunk","created":1718464968,"model":"operator"'
  const chunk = (delta: string, finish: string) =>
    `data: {${head},"choices":[{"index":0,"delta":${delta},"finish_reason":${finish}}],"usage":null}\n\n`
  expect(await response.text()).toBe(
    [
      chunk('{"role":"assistant","content":""}', 'null'),
      chunk('{"content":"Hel"}', 'null'),
      chunk('{"content":"lo"}', 'null'),
      chunk('{}', '"stop"'),
      `data: {${head},"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15}}\n\n`,
      'data: [DONE]\n\n',
    ].join(''),
  )
})

test('§1.6 a call for the caller is a head with id and name, then its arguments in fragments', async () => {
  const call = { id: 'call_1', name: 'open_page', argumentsText: `{"page":"${'x'.repeat(300)}"}` }
  const gateway = await startHttp(calls(call, { ...call, id: 'call_2', argumentsText: '{}' }))
  const { chunks, ...streamed } = readChunks(await (await gateway.ask(WITH_USAGE)).text())
  const deltas = chunks.flatMap(({ choices }) => choices.map(({ delta }: { delta: object }) => delta))
  expect(deltas).toEqual([
    { role: 'assistant', content: '' },
    { tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'open_page', arguments: '' } }] },
    { tool_calls: [{ index: 0, function: { arguments: call.argumentsText.slice(0, 200) } }] },
    { tool_calls: [{ index: 0, function: { arguments: call.argumentsText.slice(200) } }] },
    { tool_calls: [{ index: 1, id: 'call_2', type: 'function', function: { name: 'open_page', arguments: '' } }] },
    { tool_calls: [{ index: 1, function: { arguments: '{}' } }] },
    {},
  ])
  expect(streamed).toEqual({
    text: '',
    calls: [
      { id: 'call_1', name: 'open_page', arguments: call.argumentsText },
      { id: 'call_2', name: 'open_page', arguments: '{}' },
    ],
    finishes: ['tool_calls'],
    usage: { prompt_tokens: 12, completion_tokens: 3, total_tokens: 15 },
    isDone: true,
    error: undefined,
  })
})

test('§1.6 fragments of arguments never end within a character or an escape', async () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({ unit: fc.constantFrom('🙂', '\\u', '\n', '"', '\\'), maxLength: 300 }),
  )
  const asText = fc.tuple(value, fc.boolean()).map(([text, escaped]) => {
    const json = JSON.stringify({ text })
    return escaped ? json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`) : json
  })
  await fc.assert(
    fc.asyncProperty(asText, async (argumentsText) => {
      const deltas = toCallDeltas({ id: 'call_1', name: 'f', argumentsText }, 0)
      const pieces = deltas.slice(1).map((delta) => delta.tool_calls?.[0]?.function.arguments ?? '')
      expect(pieces.join('')).toBe(argumentsText.toWellFormed())
      for (const [at] of pieces.entries()) {
        const sofar = pieces.slice(0, at + 1).join('')
        expect(sofar.isWellFormed()).toBe(true)
        // What has come is a whole text up to here: closing it makes it JSON again.
        if (at < pieces.length - 1 && sofar.length > 9) expect(() => JSON.parse(`${sofar}"}`)).not.toThrow()
      }
    }),
    { numRuns: 100 },
  )
})

test('§1.6 the official SDK and its helper put the calls together', async () => {
  const call = { id: 'call_1', name: 'open_page', argumentsText: `{"page":"${'é🙂'.repeat(150)}"}` }
  const gateway = await startHttp(
    tells({ type: 'text', text: 'I will look.' }, { type: 'client_call', call }, completed({ reason: 'tool_calls' })),
  )
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const messages = [{ role: 'user' as const, content: 'hello' }]
  const whole = await client.chat.completions.stream({ model: 'operator', messages }).finalChatCompletion()
  expect(whole.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: {
      content: 'I will look.',
      tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'open_page', arguments: call.argumentsText } }],
    },
  })
  const blocking = await client.chat.completions.create({ model: 'operator', messages })
  expect(whole.choices[0]?.message.content).toBe(blocking.choices[0]?.message.content)
  expect(whole.choices[0]?.message.tool_calls).toMatchObject(blocking.choices[0]?.message.tool_calls ?? [])
})

test('§1.6 text that ends in half a character comes before the calls, as in a whole reply', async () => {
  const call = { id: 'call_1', name: 'f', argumentsText: '{"a":"\ud83d"}' }
  const gateway = await startHttp(
    tells({ type: 'text', text: 'a\ud83d' }, { type: 'client_call', call }, completed({ reason: 'tool_calls' })),
  )
  const streamed = readChunks(await (await gateway.ask(STREAM)).text())
  const { message } = (await (await gateway.ask(HELLO)).json()).choices[0] ?? {}
  expect([streamed.text, streamed.calls[0]?.arguments]).toEqual(['a\ufffd', '{"a":"\ufffd"}'])
  expect([message?.content, message?.tool_calls?.[0]?.function.arguments]).toEqual(['a\ufffd', '{"a":"\ufffd"}'])
})

test('§1.6 without include_usage no chunk speaks of usage', async () => {
  const gateway = await startHttp(says('Hello'))
  const text = await (await gateway.ask(STREAM)).text()
  expect(text).not.toContain('usage')
  expect(text.split('\n\n').filter(Boolean)).toHaveLength(4)
})

test('§1.6 the official SDK streams an answer, and its helper puts the same answer together', async () => {
  const gateway = await startHttp(says('Hel', 'lo'))
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const request = {
    model: 'operator',
    messages: [{ role: 'user' as const, content: 'hello' }],
    stream_options: { include_usage: true },
  }
  const texts: string[] = []
  for await (const chunk of await client.chat.completions.create({ ...request, stream: true })) {
    texts.push(chunk.choices[0]?.delta.content ?? '')
  }
  expect(texts.join('')).toBe('Hello')
  const whole = await client.chat.completions.stream(request).finalChatCompletion()
  expect(whole.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Hello', role: 'assistant' } })
  expect(whole.usage?.total_tokens).toBe(15)
})

test('§1.6 the trace rides on the finish chunk', async () => {
  const gateway = await startHttp(says('ok'))
  const frames = toFrames(await (await gateway.ask({ ...STREAM, groundwire: { trace: true } })).text())
  const traced = frames.filter((frame) => typeof frame === 'object' && 'groundwire' in frame)
  expect(traced).toEqual([
    expect.objectContaining({
      choices: [expect.objectContaining({ finish_reason: 'stop' })],
      groundwire: expect.anything(),
    }),
  ])
})

test('§1.6 a character is never cut in two, however the model cuts it, and half a one at the end is replaced', async () => {
  const gateway = await startHttp(says('a\ud83d', '\ude80b', '\ud83d'))
  const streamed = toFrames(await (await gateway.ask(STREAM)).text())
  const texts = streamed.flatMap((frame) => (typeof frame === 'object' ? (frame.choices[0]?.delta.content ?? []) : []))
  expect(texts).toEqual(['', 'a', '🚀b', '\ufffd'])
  const whole = await (await gateway.ask(HELLO)).json()
  expect(whole.choices[0]?.message.content).toBe(texts.join(''))
})

test('§1.6 a frame is one line to whoever splits by any line end of Unicode', async () => {
  const text = 'a\u2028b\u2029c\u0085d\r\ne'
  const gateway = await startHttp(says(text))
  const body = await (await gateway.ask(STREAM)).text()
  expect(body).not.toMatch(/[\u2028\u2029\u0085\r]/)
  const texts = toFrames(body).map((frame) =>
    typeof frame === 'object' ? (frame.choices[0]?.delta.content ?? '') : '',
  )
  expect(texts.join('')).toBe(text)
})

test('§1.6 a silent run opens the stream after one heartbeat, and comments keep it alive', async () => {
  const { opened, open } = gate()
  const gateway = await startHttp(
    async function* (order, signal) {
      yield { type: 'step_started', step: 1 }
      await opened
      yield* says('late')(order, signal)
    },
    { settings: { heartbeatMs: 20 } },
  )
  const caller = await rawCaller(gateway, STREAM)
  await expect.poll(() => caller.read().match(/: ping\n/g)?.length).toBeGreaterThan(1)
  expect(caller.read()).toMatch(/^HTTP\/1.1 200 OK\r\n/)
  const beforeText = caller.read()
  expect(beforeText.match(/"role":"assistant"/g)).toHaveLength(1)
  expect(beforeText.indexOf('"role":"assistant"')).toBeLessThan(beforeText.indexOf(': ping'))
  open()
  await expect.poll(caller.read).toMatch(/"content":"late".*data: \[DONE\]\n\n/s)
  expect(caller.read().match(/"role":"assistant"/g)).toHaveLength(1)
})

test('§1.6 a tool at work opens the stream at once', async () => {
  const { opened, open } = gate()
  const gateway = await startHttp(async function* (order, signal) {
    yield TOOL_STARTED
    await opened
    yield* says('done')(order, signal)
  })
  const caller = await rawCaller(gateway, STREAM)
  await expect.poll(caller.read).toContain('"delta":{"role":"assistant","content":""}')
  expect(bodyOf(caller)).not.toContain('tool')
  open()
  await expect.poll(caller.read).toContain('[DONE]')
  expect(bodyOf(caller)).not.toContain('tool')
})

test.each([
  ['JSON', { response_format: { type: 'json_object' } }],
  ['a call that was asked for', { tools: [TOOL], tool_choice: 'required' }],
  ['a call of a tool by its name', { tools: [TOOL], tool_choice: { type: 'function', function: { name: 'ens' } } }],
])('§1.6 before the end of an answer as %s only silence opens the stream', async (_what, asked) => {
  const { opened, open } = gate()
  const run: ExecuteRun = async function* () {
    yield TOOL_STARTED
    await opened
    throw new BackendError('It did not come.', { kind: 'failed' })
  }
  const patient = await startHttp(run, { settings: { heartbeatMs: 20 } })
  const caller = await rawCaller(patient, { ...STREAM, ...asked })
  await expect.poll(caller.read).toContain(': ping\n')
  const gateway = await startHttp(run)
  const response = gateway.ask({ ...STREAM, ...asked })
  await expect.poll(() => gateway.orders).toHaveLength(1)
  open()
  await expect.poll(caller.read).toContain('data: {"error"')
  expect(caller.read()).toMatch(/^HTTP\/1.1 200 /)
  expect((await response).status).toBe(502)
  expect((await response).headers.get('x-should-retry')).toBe('false')
})

test('§1.6 what fails before the first frame has its own status, also where a stream was asked for', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError('The model is waking up.', { kind: 'warming' })
  })
  const response = await gateway.ask(STREAM)
  expect(response.status).toBe(502)
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  expect((await response.json()).error.code).toBe('model_warming_up')
})

test('§1.6 what fails after the first frame is a last frame with the error, without [DONE], and the SDK raises it', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'half an ans' }
    throw new BackendError('The model stopped in the middle.', { kind: 'failed' })
  })
  const frames = toFrames(await (await gateway.ask(STREAM)).text())
  expect(frames.at(-1)).toEqual({
    error: {
      message: 'The model stopped in the middle.',
      type: 'upstream_error',
      param: null,
      code: 'model_backend_error',
    },
  })
  expect(JSON.stringify(frames)).not.toMatch(/DONE|"finish_reason":"/)

  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const read = async () => {
    const stream = await client.chat.completions.create({
      model: 'operator',
      stream: true,
      messages: [{ role: 'user', content: 'x' }],
    })
    for await (const _ of stream);
  }
  await expect(read()).rejects.toMatchObject({ code: 'model_backend_error' })
  await expect.poll(() => gateway.log).toHaveLength(2)
  expect(gateway.log[0]).toMatchObject({ level: 50, status: 200, error: { code: 'model_backend_error' } })
})

test('§1.6 what goes wrong inside is told in a stream as barely as anywhere', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'a' }
    throw new Error('hunter2')
  })
  const text = await (await gateway.ask(STREAM)).text()
  expect(text).not.toContain('hunter2')
  expect(toFrames(text).at(-1)).toMatchObject({ error: { type: 'server_error', code: 'internal_error' } })
})

test('§1.6 a caller who hangs up in a stream stops the run, and is logged as 499 with what was used', async () => {
  const stopped = gate()
  const gateway = await startHttp(async function* (_order, signal) {
    yield { type: 'text', text: 'thinking' }
    yield { type: 'step_finished', step: 1, usage: { promptTokens: 5, completionTokens: 2 } }
    yield { type: 'step_started', step: 2 }
    await once(signal, 'abort').then(stopped.open)
    signal.throwIfAborted()
  })
  const caller = await rawCaller(gateway, STREAM)
  await expect.poll(caller.read).toContain('thinking')
  const leftAtMs = performance.now()
  caller.socket.destroy()
  await stopped.opened
  expect(performance.now() - leftAtMs).toBeLessThan(1_000)
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ level: 30, status: 499, usage: { promptTokens: 5, completionTokens: 2 } })
})

test('§1.6 a caller who hangs up while waiting for a whole answer stops the run too', async () => {
  const begun = gate()
  const stopped = gate()
  const gateway = await startHttp(async function* (_order, signal) {
    yield { type: 'step_started', step: 1 }
    begun.open()
    await once(signal, 'abort').then(stopped.open)
    signal.throwIfAborted()
  })
  const caller = new AbortController()
  const asked = gateway.ask(HELLO, { signal: caller.signal })
  await begun.opened
  caller.abort()
  await expect(asked).rejects.toThrow('abort')
  await stopped.opened
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ status: 499 })
})

test('§1.6 a caller who reads slowly slows the run down, and still gets every byte', async () => {
  const text = 'x'.repeat(64 * 1024)
  const total = 400
  let told = 0
  const gateway = await startHttp(
    async function* () {
      for (; told < total; told++) yield { type: 'text', text }
      yield completed()
    },
    { settings: { heartbeatMs: 10 } },
  )
  const caller = await rawCaller(gateway, STREAM, { paused: true })
  await untilStill(() => told)
  expect(told).toBeLessThan(total)
  caller.socket.resume()
  await expect.poll(caller.readEnd, { timeout: 60_000 }).toMatch(/0\r\n\r\n$/)
  expect(caller.read().match(/x+/g)?.join('').length).toBeGreaterThanOrEqual(total * text.length)
})

test('§1.6 a caller who hangs up while the run waits for room ends the run', async () => {
  const ended = gate()
  let told = 0
  const gateway = await startHttp(async function* () {
    try {
      for (; ; told++) yield { type: 'text', text: 'x'.repeat(64 * 1024) }
    } finally {
      ended.open()
    }
  })
  const caller = await rawCaller(gateway, STREAM, { paused: true })
  await untilStill(() => told)
  caller.socket.destroy()
  await ended.opened
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({ status: 499 })
})

test('§1.6 an answer without a word says so in a stream as in a whole reply', async () => {
  const gateway = await startHttp(tells(completed()))
  const frames = toFrames(await (await gateway.ask(STREAM)).text())
  const whole = await (await gateway.ask(HELLO)).json()
  const streamed = frames.map((frame) => (typeof frame === 'object' ? (frame.choices[0]?.delta.content ?? '') : ''))
  expect(streamed.join('')).toBe(whole.choices[0]?.message.content)
})

/** A run stands still once the buffers between it and its reader are full. */
async function untilStill(count: () => number): Promise<void> {
  let last = 0
  const isStill = () => {
    const now = count()
    const still = now > 0 && now === last
    last = now
    return still
  }
  await expect.poll(isStill, { interval: 100, timeout: 10_000 }).toBe(true)
}

type Frame = { choices: { delta: { content?: string } }[] } | '[DONE]'

function toFrames(text: string): Frame[] {
  const blocks = text.split('\n\n').filter(Boolean)
  return blocks.map((block) => {
    const data = block.replace(/^(: ping\n)*data: /, '')
    return data === '[DONE]' ? data : JSON.parse(data)
  })
}

const bodyOf = (caller: RawCaller) => caller.read().slice(caller.read().indexOf('\r\n\r\n'))

type RawCaller = {
  socket: Socket
  /** All that has come. */
  read(): string
  /** The last of it, which costs nothing to look at again and again. */
  readEnd(): string
}

/** Speaks HTTP by hand, to see the bytes as they come. */
async function rawCaller({ url }: HttpGateway, body: unknown, { paused = false } = {}): Promise<RawCaller> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  onTestFinished(() => void socket.destroy())
  await once(socket, 'connect')
  const chunks: Buffer[] = []
  socket.on('data', (chunk) => chunks.push(chunk))
  if (paused) socket.pause()
  const text = JSON.stringify(body)
  socket.write(
    [
      'POST /v1/chat/completions HTTP/1.1',
      `Host: ${hostname}`,
      `x-wallet-address: ${WALLET}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(text)}`,
      '',
      text,
    ].join('\r\n'),
  )
  return {
    socket,
    read: () => Buffer.concat(chunks).toString(),
    readEnd: () => Buffer.concat(chunks.slice(-5)).toString(),
  }
}
