import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { askModel, GAS_PRICE, toModelRequest } from '../../test/support/ask-model.ts'
import type { Script, ScriptedBackend, ScriptedReply } from '../../test/support/scripted-backend.ts'
import { type ScriptedOllamaOptions, scriptedOllama } from '../../test/support/scripted-ollama.ts'
import { BackendError, ContextLengthError } from '../errors.ts'
import type { ClientTool, Message } from '../messages.ts'
import type { Model } from './model.ts'
import { createOllamaModel, type OllamaOptions } from './ollama.ts'

const backends: ScriptedBackend[] = []
const printed = vi.fn()

beforeEach(() => {
  for (const method of ['log', 'warn', 'error', 'info'] as const) vi.spyOn(console, method).mockImplementation(printed)
})

afterEach(async () => {
  expect(printed.mock.calls).toEqual([])
  vi.restoreAllMocks()
  await Promise.all(backends.splice(0).map((backend) => backend.close()))
})

describe('an answer', () => {
  test('comes with its usage and finish reason, however the lines are cut', async () => {
    for (const splitEvery of [1, 7, 64]) {
      const { model } = await start([{ text: ['Es sind ', '7 €', ' – 8 🙂'], splitEvery }])
      expect(await askModel(model, 'wie viel?')).toMatchObject({
        text: 'Es sind 7 € – 8 🙂',
        reason: 'stop',
        usage: { promptTokens: 26, completionTokens: 7 },
      })
    }
  })

  test('comes whole when all lines arrive at once', async () => {
    const { model } = await start([{ text: 'one two three', atOnce: true }])
    expect(await askModel(model, 'count')).toMatchObject({ text: 'one two three', reason: 'stop' })
  })

  test('that reached its limit says so', async () => {
    const { model } = await start([{ text: 'one two', finish: 'length' }])
    expect(await askModel(model, 'count')).toMatchObject({ reason: 'length' })
  })

  test('keeps thoughts apart, sent apart or in tags', async () => {
    const { model } = await start([
      { thinking: ['hm, ', '4?'], text: '4' },
      { text: ['<thi', 'nk>hm, 4?</th', 'ink>\n\n', '4'] },
    ])
    expect(await askModel(model, '2 + 2')).toMatchObject({ reasoning: 'hm, 4?', text: '4' })
    expect(await askModel(model, '2 + 2')).toMatchObject({ reasoning: 'hm, 4?', text: '4' })
  })

  test('may be nothing but thoughts', async () => {
    const line =
      '{"model":"qwen3:8b","message":{"role":"assistant","content":null,"thinking":"hm","tool_calls":null},"done":false}\n'
    const { model } = await start([{ garbled: line }])
    expect(await askModel(model, 'gas?')).toMatchObject({ reasoning: 'hm', text: '', calls: [], reason: 'stop' })
  })

  test('without counts gets estimated ones', async () => {
    const { model } = await start([{ text: 'one two three four', usage: null }])
    const { usage } = await askModel(model, 'count to four')
    expect(usage?.promptTokens).toBeGreaterThan(4)
    expect(usage?.completionTokens).toBeGreaterThan(3)
  })
})

describe('tool calls', () => {
  test('arrive once and whole, each with an id of its own', async () => {
    const { model } = await start([
      {
        toolCalls: [
          { name: 'gas_price', arguments: { chain: 'base' }, index: 0 },
          { name: 'gas_price', arguments: { chain: 'ethereum' }, index: 0, id: 'call_a1b2c3d4' },
          { name: 'gas_price', arguments: { chain: 'base' }, index: 0, id: 'call_a1b2c3d4' },
        ],
      },
    ])
    const { calls, callIds, reason, text } = await askModel(model, 'gas?', { tools: [GAS_PRICE] })
    expect(calls).toEqual([
      'gas_price {"chain":"base"}',
      'gas_price {"chain":"ethereum"}',
      'gas_price {"chain":"base"}',
    ])
    expect(new Set(callIds).size).toBe(3)
    for (const id of callIds) expect(id).toMatch(/^call_[A-Za-z0-9]{24}$/)
    expect({ reason, text }).toEqual({ reason: 'tool_calls', text: '' })
  })

  test('written as text are calls all the same, and no text', async () => {
    const { model } = await start([
      { text: ['<tool', '_call>{"name":"gas_price","arg', 'uments":{"chain":"base"}}</tool_call>'] },
    ])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({
      calls: ['gas_price {"chain":"base"}'],
      text: '',
      reason: 'tool_calls',
    })
  })

  test('written as text are no answer either where earlier calls are told and none is offered any more', async () => {
    const { model } = await start([{ text: '<tool_call>{"name":"gas_price","arguments":{}}</tool_call>' }])
    const conversation: Message[] = [
      { role: 'user', text: 'gas?' },
      { role: 'assistant', text: '', toolCalls: [{ id: 'call_1', name: 'gas_price', argumentsText: '{}' }] },
      { role: 'tool', callId: 'call_1', toolName: 'gas_price', text: '7' },
    ]
    expect(await askModel(model, conversation)).toMatchObject({ calls: ['gas_price {}'], text: '' })
  })

  test('cut by the limit of tokens say so', async () => {
    const { model } = await start([{ text: '<tool_call>{"name":"gas_price","argum', finish: 'length' }])
    const { calls, reason } = await askModel(model, 'gas?', { tools: [GAS_PRICE] })
    expect(calls).toHaveLength(1)
    expect(reason).toBe('length')
  })

  test.each([
    ['an object, however it is written', '{"chain":"base"}'],
    ['an object', { chain: 'base' }],
  ])('may come with arguments that are %s', async (_what, args) => {
    const { model } = await start([{ toolCalls: [{ name: 'gas_price', arguments: args }] }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({
      calls: ['gas_price {"chain":"base"}'],
    })
  })

  test('that are spoken of and not made are none', async () => {
    const { model } = await start([{ text: 'It is 7.', finish: 'tool_calls' }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({ text: 'It is 7.', reason: 'stop' })
  })

  test('without arguments have an empty object', async () => {
    const { model } = await start([{ toolCalls: [{ name: 'gas_price', arguments: {} }] }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({ calls: ['gas_price {}'] })
  })
})

describe('a request', () => {
  test('never lets Ollama cut the prompt or run on, and sets what shapes the answer', async () => {
    const { model, backend } = await start([{ text: 'ok' }, { text: 'ok' }], { contextTokens: 8_192 })
    await askModel(model, 'hello')
    await askModel(model, 'gas?', {
      tools: [GAS_PRICE],
      params: {
        temperature: 0.9,
        topP: 0.5,
        maxTokens: 50,
        stop: ['END'],
        seed: 7,
        frequencyPenalty: 1,
        presencePenalty: -1,
      },
    })
    expect(backend.requests[0]?.body).toMatchObject({
      stream: true,
      truncate: false,
      shift: false,
      think: false,
      keep_alive: '30m',
      options: { num_ctx: 8_192, num_predict: 4_096, temperature: 1, top_p: 1, repeat_penalty: 1 },
    })
    expect(backend.requests[1]?.body).toMatchObject({
      tools: [{ type: 'function', function: { name: 'gas_price', parameters: GAS_PRICE.parameters } }],
      options: {
        num_ctx: 8_192,
        num_predict: 50,
        temperature: 0.9,
        top_p: 0.5,
        stop: ['END'],
        seed: 7,
        frequency_penalty: 1,
        presence_penalty: -1,
      },
    })
  })

  test('leads with one system message, and names the call that each result answers', async () => {
    const { model, backend } = await start([{ text: 'ok' }])
    const calls = [
      { id: 'call_1', name: 'gas_price', argumentsText: '{"chain":"base"}' },
      { id: 'call_2', name: 'gas_price', argumentsText: '{broken' },
    ]
    await askModel(model, [
      { role: 'system', text: 'Be brief.' },
      { role: 'user', text: 'gas?' },
      { role: 'assistant', text: '', toolCalls: calls },
      { role: 'tool', callId: 'call_1', toolName: 'gas_price', text: '{"gwei":7}' },
      { role: 'tool', callId: 'call_2', toolName: 'gas_price', text: 'arguments are no JSON' },
      { role: 'system', text: 'Be exact.' },
    ])
    expect(backend.requests[0]?.body.messages).toMatchObject([
      { role: 'system', content: 'Be brief.\n\nBe exact.' },
      { role: 'user', content: 'gas?' },
      {
        role: 'assistant',
        content: '',
        tool_calls: [
          { id: 'call_1', function: { name: 'gas_price', arguments: { chain: 'base' } } },
          { id: 'call_2', function: { name: 'gas_price', arguments: {} } },
        ],
      },
      { role: 'tool', content: '{"gwei":7}', tool_name: 'gas_price', tool_call_id: 'call_1' },
      { role: 'tool', content: 'arguments are no JSON', tool_name: 'gas_price', tool_call_id: 'call_2' },
    ])
  })

  test('can be written however deeply the arguments of an earlier call are nested', async () => {
    const { model, backend } = await start([{ text: 'ok' }], { contextTokens: 1_000_000 })
    const argumentsText = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`
    await askModel(model, [
      { role: 'user', text: 'gas?' },
      { role: 'assistant', text: '', toolCalls: [{ id: 'call_1', name: 'gas_price', argumentsText }] },
      { role: 'tool', callId: 'call_1', toolName: 'gas_price', text: '7' },
    ])
    expect(backend.requests[0]?.body.messages[1].tool_calls[0].function.arguments).toEqual({})
  })

  test('shows the credentials that the base URL holds', async () => {
    const { backend } = await start([{ text: 'ok' }])
    await askModel(createModel(backend.url.replace('//', '//ann:p%40ss@')), 'hello')
    expect(backend.requests[0]?.headers.authorization).toBe(`Basic ${btoa('ann:p@ss')}`)
  })

  test('that cannot fit is refused without asking the backend', async () => {
    const { model, backend } = await start([], { contextTokens: 2_048 })
    const error = await failureOf(model, 'word '.repeat(2_000))
    expect(error).toBeInstanceOf(ContextLengthError)
    expect(error).toMatchObject({ status: 400, code: 'context_length_exceeded', details: { limitTokens: 2_048 } })
    expect(backend.requests).toEqual([])
  })
})

describe('a request for JSON', () => {
  const schema = {
    type: 'object',
    properties: { city: { $ref: '#/$defs/city' } },
    required: ['city'],
    $defs: { city: { type: 'string', pattern: '^[A-Z]' } },
  }

  test('tells the schema whole, and takes what comes for text, whatever it looks like', async () => {
    const { model, backend } = await start([{ text: '{"name":"gas_price","arguments":{}}' }, { text: '{}' }])
    const earlier: Message[] = [
      { role: 'user', text: 'gas?' },
      { role: 'assistant', text: '', toolCalls: [{ id: 'call_1', name: 'gas_price', argumentsText: '{}' }] },
      { role: 'tool', callId: 'call_1', toolName: 'gas_price', text: '7' },
    ]
    expect(await askModel(model, earlier, { format: { schema } })).toMatchObject({
      text: '{"name":"gas_price","arguments":{}}',
      calls: [],
      reason: 'stop',
    })
    expect(backend.requests[0]?.body.format).toEqual(schema)
    await askModel(model, 'JSON please', { format: {} })
    expect(backend.requests[1]?.body.format).toBe('json')
  })

  test('asks for any JSON where Ollama makes nothing of the schema', async () => {
    const { model, backend } = await start([
      { status: 500, error: 'invalid JSON schema in format' },
      { text: '{"city":"Oslo"}' },
      { error: 'failed to parse grammar' },
      { text: '{"city":"Rome"}' },
    ])
    expect(await askModel(model, 'where?', { format: { schema } })).toMatchObject({ text: '{"city":"Oslo"}' })
    expect(await askModel(model, 'where?', { format: { schema } })).toMatchObject({ text: '{"city":"Rome"}' })
    expect(backend.requests.map(({ body }) => body.format)).toEqual([schema, 'json', schema, 'json'])
  })

  test('fails at once where the schema is not at fault, or there is none', async () => {
    const { model, backend } = await start([
      { status: 500, error: 'llama runner process has terminated' },
      { status: 500, error: 'failed to parse grammar' },
    ])
    expect(await failureOf(model, 'where?', { format: { schema } })).toMatchObject({ status: 502 })
    expect(await failureOf(model, 'where?', { format: {} })).toMatchObject({ status: 502 })
    expect(backend.requests).toHaveLength(2)
  })

  test('that is cut by the limit of tokens says so', async () => {
    const { model } = await start([{ text: '{"city":"Os', finish: 'length' }])
    expect(await askModel(model, 'where?', { format: {} })).toMatchObject({ text: '{"city":"Os', reason: 'length' })
  })
})

test("a caller's tool goes out in a form that Ollama takes, and without what it does not know", async () => {
  const { model, backend } = await start([{ text: 'ok' }])
  const strange: ClientTool = {
    name: 'weather',
    description: '',
    strict: true,
    parameters: {
      type: ['object'],
      properties: { city: { oneOf: [{ $ref: '#/$defs/city' }] }, at: true },
      $defs: { city: { const: 'Oslo' } },
    },
  }
  const bare: ClientTool = { name: 'time', description: '', strict: false, parameters: { properties: [] } }
  await askModel(model, 'weather?', { tools: [strange, bare], toolChoice: { name: 'weather' } })
  expect(backend.requests[0]?.body.tools).toEqual([
    {
      type: 'function',
      function: {
        name: 'weather',
        description: '',
        parameters: { type: 'object', properties: { city: { anyOf: [{ enum: ['Oslo'] }] }, at: {} } },
      },
    },
    { type: 'function', function: { name: 'time', description: '', parameters: { type: 'object', properties: {} } } },
  ])
  expect(backend.requests[0]?.body).not.toHaveProperty('tool_choice')
})

describe('a failure', () => {
  test.each<[what: string, reply: ScriptedReply, expected: Record<string, unknown>]>([
    [
      'a busy server',
      { status: 503, error: 'server busy, please try again.  maximum pending requests exceeded' },
      BUSY(),
    ],
    ['a crashed runner', { status: 500, error: 'llama runner process has terminated: secret' }, FAILED()],
    ['too long a prompt', { status: 400, error: 'the prompt is longer than the context length' }, TOO_LONG()],
    ['an error ahead of the answer', { error: 'secret' }, FAILED()],
    ['an error in mid-answer', { text: 'It is', error: 'unexpected EOF, secret' }, FAILED()],
    ['a garbled line', { text: 'It is', garbled: '{"message":{"content":"secret\n' }, FAILED()],
    ['a cut connection', { text: 'It is', cut: true }, FAILED()],
    ['a reset connection', { text: 'It is', cut: 'reset' }, FAILED()],
    ['no final line', { text: 'It is', noFinal: true }, FAILED()],
    ['a final line without a reason', { text: 'It is', finish: '' }, FAILED()],
    ['a model that was only loaded', { finish: 'load' }, FAILED()],
  ])('from %s says what it is, and nothing of the backend', async (_what, reply, expected) => {
    const { model } = await start([reply])
    const error = await failureOf(model, 'hello')
    expect(error).toMatchObject(expected)
    expect((error as Error).message).not.toMatch(/secret|127\.0\.0\.1|runner|EOF/)
  })

  test('of a model that is not there says how to get it', async () => {
    const { model } = await start([], { modelName: 'llama3' })
    const error = await failureOf(model, 'hello')
    expect(error).toMatchObject({ status: 502, message: expect.stringContaining('ollama pull llama3') })
  })

  test('of a model that cannot call tools says so', async () => {
    const { model } = await start([], {}, { capabilities: ['completion'] })
    const error = await failureOf(model, 'hello', { tools: [GAS_PRICE] })
    expect(error).toMatchObject({ status: 502, message: expect.stringContaining('cannot call tools') })
  })

  test('to reach the server is a 502 that says how to start it', async () => {
    const model = createModel(`http://127.0.0.1:${await freePort()}`)
    const error = await failureOf(model, 'hello')
    expect(error).toMatchObject({ status: 502, retryAfterSec: 5, message: expect.stringContaining('ollama serve') })
  })

  test.each<[what: string, reply: ScriptedReply]>([
    ['never answers', { hang: true }],
    ['falls silent', { text: 'It is', thenHang: true }],
  ])('of a server that %s is a 504, and its request is closed', async (_what, reply) => {
    const { model, backend } = await start([reply], { firstTokenTimeoutMs: 100, idleTimeoutMs: 100 })
    expect(await failureOf(model, 'hello')).toMatchObject({ status: 504, code: 'model_timeout' })
    await expect.poll(() => backend.openRequests).toBe(0)
  })

  test('to answer is no failure while tokens keep coming', async () => {
    const { model } = await start([{ text: ['a', 'b', 'c', 'd', 'e', 'f'], delayMs: 200 }], {
      firstTokenTimeoutMs: 1_000,
      idleTimeoutMs: 1_000,
    })
    expect(await askModel(model, 'hello')).toMatchObject({ text: 'abcdef' })
  })
})

describe('leaving', () => {
  test('by the signal closes the backend request and throws the reason', async () => {
    const { model, backend } = await start([{ text: 'It is', thenHang: true }])
    const caller = new AbortController()
    const reason = new Error('the caller hung up')
    const events = model.stream(toModelRequest('hello', { signal: caller.signal }))
    const seen = expect(async () => {
      for await (const event of events) if (event.type === 'text') caller.abort(reason)
    }).rejects.toBe(reason)
    await seen
    await expect.poll(() => backend.openRequests).toBe(0)
  })

  test('by the signal before the first byte closes it as well', async () => {
    const { model, backend } = await start([{ hang: true }])
    const caller = new AbortController()
    const answer = askModel(model, 'hello', { signal: caller.signal })
    await expect.poll(() => backend.openRequests).toBe(1)
    caller.abort(new Error('gone'))
    await expect(answer).rejects.toThrow('gone')
    await expect.poll(() => backend.openRequests).toBe(0)
  })

  test('the iteration early closes it, and leaves other answers alone', async () => {
    const { model, backend } = await start([
      { text: ['one ', 'two '], thenHang: true },
      { text: 'a b c d e f', delayMs: 20 },
    ])
    const first = model.stream(toModelRequest('hello'))
    for await (const event of first) {
      if (event.type !== 'text') continue
      const other = askModel(model, 'hello')
      await expect.poll(() => backend.requests.length).toBe(2)
      await first[Symbol.asyncIterator]().return?.()
      expect(await other).toMatchObject({ text: 'a b c d e f', reason: 'stop' })
      break
    }
    await expect.poll(() => backend.openRequests).toBe(0)
  })

  test('before the start asks nothing', async () => {
    const { model, backend } = await start([])
    await expect(askModel(model, 'hello', { signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone')
    expect(backend.requests).toEqual([])
  })
})

describe('the check', () => {
  const signal = new AbortController().signal

  test('is ok where the model is there, and asks it nothing', async () => {
    const { model, backend } = await start([])
    expect(await model.check(signal)).toEqual({ status: 'ok' })
    expect(backend.requests).toEqual([])
  })

  test('takes a name without tag as `latest`', async () => {
    const { model } = await start([], { modelName: 'llama3' }, { models: ['llama3:latest'] })
    expect(await model.check(signal)).toEqual({ status: 'ok' })
  })

  test('tells what to do about a missing model, one without tools, and a missing server', async () => {
    const missing = await start([], { modelName: 'llama3' })
    expect(await missing.model.check(signal)).toEqual({ status: 'down', detail: 'run `ollama pull llama3`' })
    const mute = await start([], {}, { capabilities: ['completion'] })
    expect(await mute.model.check(signal)).toMatchObject({
      status: 'down',
      detail: expect.stringContaining('cannot call tools'),
    })
    const nowhere = createModel(`http://127.0.0.1:${await freePort()}`)
    expect(await nowhere.check(signal)).toMatchObject({
      status: 'down',
      detail: expect.stringContaining('ollama serve'),
    })
  })

  test('tells a server that is none of Ollama from one that is not there', async () => {
    const { backend } = await start([])
    expect(await createModel(`${backend.url}/v1`).check(signal)).toEqual({
      status: 'down',
      detail: 'OLLAMA_BASE_URL does not lead to an Ollama server',
    })
  })

  test('gives up on a server that does not answer', async () => {
    const silent = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => silent.once('listening', resolve))
    const address = silent.address() as { port: number }
    const startedAt = performance.now()
    expect(await createModel(`http://127.0.0.1:${address.port}`).check(signal)).toMatchObject({ status: 'down' })
    expect(performance.now() - startedAt).toBeLessThan(5_000)
    silent.close()
  })
})

function createModel(baseUrl: string, options: Partial<OllamaOptions> = {}): Model {
  return createOllamaModel({ id: 'operator', modelName: 'qwen3:8b', baseUrl, contextTokens: 16_384, ...options })
}

async function start(script: Script, options?: Partial<OllamaOptions>, backendOptions?: ScriptedOllamaOptions) {
  const backend = await scriptedOllama(script, backendOptions)
  backends.push(backend)
  return { backend, model: createModel(backend.url, options) }
}

async function failureOf(model: Model, ask: string | readonly Message[], rest = {}): Promise<unknown> {
  return askModel(model, ask, rest).then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

function BUSY() {
  return { status: 503, code: 'server_overloaded', retryAfterSec: 5, constructor: BackendError }
}
function FAILED() {
  return { status: 502, code: 'model_backend_error', retryAfterSec: undefined, constructor: BackendError }
}
function TOO_LONG() {
  return { status: 400, code: 'context_length_exceeded', constructor: ContextLengthError }
}
