import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { RunnableLambda } from '@langchain/core/runnables'
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { askModel, GAS_PRICE, toModelRequest } from '../../test/support/ask-model.ts'
import type { Script, ScriptedBackend, ScriptedReply } from '../../test/support/scripted-backend.ts'
import { type ScriptedOpenAIOptions, scriptedOpenAI } from '../../test/support/scripted-openai.ts'
import type { ClientTool, JsonFormat } from '../messages.ts'
import type { Model } from './model.ts'
import { createOpenAIModel, type OpenAIOptions } from './openai.ts'
import { createRoutedModel } from './routing/routed-model.ts'

const backends: ScriptedBackend[] = []

afterEach(async () => {
  await Promise.all(backends.splice(0).map((backend) => backend.close()))
})

describe('an answer', () => {
  test('comes with its usage and finish reason, however the events are cut', async () => {
    for (const splitEvery of [1, 7, 64]) {
      const { model } = await start([{ text: ['It is ', '7 €', ' 🙂'], splitEvery }])
      expect(await askModel(model, 'how much?')).toMatchObject({
        text: 'It is 7 € 🙂',
        reason: 'stop',
        usage: { promptTokens: 26, completionTokens: 7 },
      })
    }
  })

  test.each([
    ['length', 'length'],
    ['content_filter', 'content_filter'],
    ['eos', 'stop'],
  ])('that ended with %s finishes with %s', async (finish, reason) => {
    const { model } = await start([{ text: 'It is', finish }])
    expect(await askModel(model, 'hello')).toMatchObject({ reason })
  })

  test('keeps thoughts apart', async () => {
    const { model } = await start([{ thinking: 'hm, 4?', text: '4' }])
    expect(await askModel(model, '2 + 2')).toMatchObject({ reasoning: 'hm, 4?', text: '4' })
  })

  test('of a model whose template opens the thought begins behind it, with or without a reasoning parser', async () => {
    const { model } = await start([{ text: 'hm, 4?</think>4' }, { thinking: 'hm, 4?', text: '4' }, { text: '4' }], {
      modelName: 'deepseek-r1',
    })
    for (const reasoning of ['hm, 4?', 'hm, 4?', '']) {
      expect(await askModel(model, '2 + 2')).toMatchObject({ reasoning, text: '4' })
    }
  })

  test('is read where it comes in parts, and thoughts under their other name', async () => {
    const delta = (fields: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta: fields }] })}\n\n`
    const parts = [
      { type: 'text', text: 'It ' },
      { type: 'text', text: 'is 4' },
    ]
    const print = vi.spyOn(console, 'log').mockReturnValue()
    const { model } = await start([{ garbled: delta({ reasoning: 'hm' }) + delta({ content: parts }) }])
    expect(await askModel(model, '2 + 2')).toMatchObject({ reasoning: 'hm', text: 'It is 4' })
    expect(print.mock.calls).toEqual([])
    print.mockRestore()
  })

  test('is not held back for a closing tag where thoughts come apart', async () => {
    const { model, backend } = await start([{ thinking: 'hm', text: '4', thenHang: true }], {
      modelName: 'deepseek-r1',
    })
    for await (const event of model.stream(toModelRequest('2 + 2'))) {
      if (event.type !== 'text') continue
      expect(event.text).toBe('4')
      break
    }
    await expect.poll(() => backend.openRequests).toBe(0)
  })

  test.each([true, false])('that is a refusal is told in its words (whole: %s)', async (whole) => {
    const said = { role: 'assistant', content: null, refusal: 'I cannot help with that.' }
    const { model } = await startPlain(toPlainAnswer(said, whole), whole)
    expect(await askModel(model, 'hello', { whole })).toMatchObject({
      text: 'I cannot help with that.',
      reason: 'stop',
    })
  })

  test('without usage gets an estimate', async () => {
    const { model } = await start([{ text: 'one two three four', usage: null }])
    const { usage } = await askModel(model, 'count to four')
    expect(usage?.promptTokens).toBeGreaterThan(4)
    expect(usage?.completionTokens).toBeGreaterThan(3)
  })
})

describe('tool calls', () => {
  test('are joined from their fragments, also where these are of several calls', async () => {
    const { model } = await start([
      {
        toolCalls: [
          { id: 'call_abcdefghijklmnop', name: 'gas_price', arguments: { chain: 'base' } },
          { id: 'chatcmpl-tool-1', name: 'gas_price', arguments: { chain: 'ethereum' } },
          { name: 'gas_price', arguments: '{"chain": bro' },
        ],
      },
    ])
    const { calls, callIds, reason } = await askModel(model, 'gas?', { tools: [GAS_PRICE] })
    expect(calls).toEqual(['gas_price {"chain":"base"}', 'gas_price {"chain":"ethereum"}', 'gas_price {"chain": bro'])
    expect(callIds[0]).toBe('call_abcdefghijklmnop')
    for (const id of callIds.slice(1)) expect(id).toMatch(/^call_[A-Za-z0-9]{24}$/)
    expect(reason).toBe('tool_calls')
  })

  test('decide the finish reason, whatever the backend says', async () => {
    const { model } = await start([{ toolCalls: [{ name: 'gas_price' }], finish: 'stop' }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({ reason: 'tool_calls' })
  })

  test('never reuse an id of the conversation', async () => {
    const { model } = await start([
      {
        toolCalls: [
          { id: 'call_abcdefghijklmnop', name: 'gas_price' },
          { id: 'call_1', name: 'gas_price' },
        ],
      },
    ])
    const { callIds } = await askModel(
      model,
      [
        { role: 'user', text: 'gas?' },
        {
          role: 'assistant',
          text: '',
          toolCalls: [{ id: 'call_abcdefghijklmnop', name: 'gas_price', argumentsText: '{}' }],
        },
        { role: 'tool', callId: 'call_abcdefghijklmnop', toolName: 'gas_price', text: '7' },
      ],
      { tools: [GAS_PRICE] },
    )
    expect(callIds).not.toContain('call_abcdefghijklmnop')
    expect(callIds).not.toContain('call_1')
  })
})

describe('a request', () => {
  test('carries the key, what the caller set and nothing more', async () => {
    const { model, backend } = await start([{ text: 'ok' }, { text: 'ok' }])
    await askModel(model, 'hello')
    await askModel(model, 'hello', {
      params: { temperature: 0, topP: 0, maxTokens: 9, stop: ['END'], seed: 7 },
      tools: [GAS_PRICE],
    })
    expect(backend.requests[0]?.headers.authorization).toBe('Bearer sk-test')
    expect(backend.requests[0]?.body).toEqual({
      model: 'gpt-test',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'hello' }],
    })
    expect(backend.requests[1]?.body).toMatchObject({
      temperature: 0,
      top_p: 1e-6,
      max_tokens: 9,
      stop: ['END'],
      seed: 7,
    })
    expect(backend.requests[1]?.body.tools).toEqual([
      {
        type: 'function',
        function: { name: 'gas_price', description: 'Gas price of a chain.', parameters: GAS_PRICE.parameters },
      },
    ])
  })
})

test('an earlier call goes to the backend with canonical arguments, an empty object where they were broken', async () => {
  const { model, backend } = await start([{ text: 'ok' }])
  const toolCalls = ['{ "chain" : "base" }', '{"chain": bro'].map((argumentsText, at) => ({
    id: `call_${at}`,
    name: 'gas_price',
    argumentsText,
  }))
  await askModel(model, [
    { role: 'user', text: 'gas?' },
    { role: 'assistant', text: '', toolCalls },
    ...toolCalls.map(({ id }) => ({ role: 'tool' as const, callId: id, toolName: 'gas_price', text: 'ok' })),
  ])
  const sent: { function: { arguments: string } }[] = backend.requests[0]?.body.messages[1].tool_calls
  expect(sent.map((call) => call.function.arguments)).toEqual(['{"chain":"base"}', '{}'])
})

test.each([true, false])(
  "an earlier call's large numbers reach the backend as they were written (whole: %s)",
  async (whole) => {
    const { model, backend } = await start([{ text: 'Paid.' }])
    const call = { id: 'call_1', name: 'pay', argumentsText: '{"wei":1000000000000000001}' }
    await askModel(
      model,
      [
        { role: 'user', text: 'pay' },
        { role: 'assistant', text: '', toolCalls: [call] },
        { role: 'tool', callId: call.id, toolName: call.name, text: 'ok' },
      ],
      { whole },
    )
    expect(backend.requests[0]?.body.messages[1].tool_calls[0].function.arguments).toBe(call.argumentsText)
  },
)

describe('a request for JSON', () => {
  const closed = {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }
  const open = { type: 'object', properties: { city: { type: 'string' } } }

  test.each<[what: string, format: JsonFormat, sent: unknown]>([
    ['any JSON', {}, { type: 'json_object' }],
    [
      'a schema that can be strict',
      { name: 'place', description: 'A place.', schema: closed },
      {
        type: 'json_schema',
        json_schema: { name: 'place', description: 'A place.', schema: closed, strict: true },
      },
    ],
    [
      'any other schema',
      { schema: open },
      { type: 'json_schema', json_schema: { name: 'answer', schema: open, strict: false } },
    ],
    [
      "a schema that looks like one of zod's",
      { schema: { ...open, _zod: { def: {} } } },
      { type: 'json_schema', json_schema: { name: 'answer', schema: { ...open, _zod: { def: {} } }, strict: false } },
    ],
  ])('names %s as OpenAI does', async (_what, format, sent) => {
    const { model, backend } = await start([{ text: '{"city":"Oslo"}' }])
    expect(await askModel(model, 'where? JSON', { format })).toMatchObject({ text: '{"city":"Oslo"}', calls: [] })
    expect(backend.requests[0]?.body.response_format).toEqual(sent)
  })

  test('that is cut by the limit of tokens says so', async () => {
    const { model } = await start([{ text: '{"city":"Os', finish: 'length' }])
    expect(await askModel(model, 'JSON', { format: {} })).toMatchObject({ text: '{"city":"Os', reason: 'length' })
  })
})

describe('a choice of tools', () => {
  test.each([
    ['required', 'required'],
    [{ name: 'gas_price' }, { type: 'function', function: { name: 'gas_price' } }],
    ['auto', undefined],
  ] as const)('%j is told', async (toolChoice, sent) => {
    const { model, backend } = await start([{ toolCalls: [{ name: 'gas_price' }], finish: 'stop' }])
    const asked = await askModel(model, 'gas?', { tools: [GAS_PRICE], toolChoice })
    expect(asked).toMatchObject({ calls: ['gas_price {}'], reason: 'tool_calls' })
    expect(backend.requests[0]?.body.tool_choice).toEqual(sent)
  })

  test('is not told where there are no tools', async () => {
    const { model, backend } = await start([{ text: 'ok' }])
    await askModel(model, 'gas?', { toolChoice: 'required' })
    expect(backend.requests[0]?.body).not.toHaveProperty('tool_choice')
  })
})

const STRICT: ClientTool = {
  name: 'now',
  description: '',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: false },
  strict: true,
}

test("a caller's strict tool is strict where OpenAI takes its schema", async () => {
  const { model, backend } = await start([{ text: 'ok' }])
  const open = { ...STRICT, parameters: { type: 'object' } }
  const tools: ClientTool[] = [STRICT, open, { ...STRICT, strict: false }]
  await askModel(model, 'ask', { tools })
  const sent: { function: { strict?: boolean } }[] = backend.requests[0]?.body.tools
  expect(sent.map((tool) => tool.function.strict)).toEqual([true, undefined, undefined])
})

describe('a server that does not know', () => {
  test.each([
    ['response_format', { format: { schema: { type: 'object' } } }],
    ['tool_choice', { tools: [GAS_PRICE], toolChoice: 'required' }],
    ['strict', { tools: [STRICT] }],
  ] as const)('%s is asked once more without', async (field, rest) => {
    const { model, backend } = await start([{ text: 'ok' }], {}, { refusedFields: [field] })
    expect(await askModel(model, 'gas?', rest)).toMatchObject({ text: 'ok', reason: 'stop' })
    const has = backend.requests.map(({ body }) => JSON.stringify(body).includes(`"${field}":`))
    expect(has).toEqual([true, false])
    expect(backend.requests[1]?.body).toMatchObject({ messages: [{ role: 'user', content: 'gas?' }], stream: true })
  })

  test('what else we ask is asked no third time', async () => {
    const { model, backend } = await start([
      { status: 400, error: 'secret' },
      { status: 400, error: 'secret' },
    ])
    const asked = askModel(model, 'JSON?', { format: {} })
    await expect(asked).rejects.toMatchObject({ status: 502, message: expect.not.stringContaining('secret') })
    expect(backend.requests).toHaveLength(2)
  })

  test('is not asked again where it failed, or where there is nothing to leave out', async () => {
    const { model, backend } = await start([{ status: 500 }, { status: 400 }])
    await expect(askModel(model, 'JSON?', { format: {} })).rejects.toMatchObject({ status: 502 })
    await expect(askModel(model, 'gas?', { tools: [GAS_PRICE] })).rejects.toMatchObject({ status: 502 })
    expect(backend.requests).toHaveLength(2)
  })
})

describe('a server with ways of its own', () => {
  const delta = (fields: Record<string, unknown>, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, delta: fields, finish_reason }] })}\n\n`

  test('may give arguments as the object they are', async () => {
    const call = { index: 0, id: 'call_1', function: { name: 'gas_price', arguments: { chain: 'base' } } }
    const { model } = await start([{ garbled: delta({ tool_calls: [call] }) }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({
      calls: ['gas_price {"chain":"base"}'],
      reason: 'tool_calls',
    })
  })

  test('may only think, with no content at all', async () => {
    const { model } = await start([{ garbled: delta({ content: null, reasoning_content: 'hm', tool_calls: null }) }])
    expect(await askModel(model, 'gas?')).toMatchObject({ reasoning: 'hm', text: '', calls: [], reason: 'stop' })
  })

  test('may speak of calls and make none', async () => {
    const { model } = await start([{ text: 'It is 7.', finish: 'tool_calls' }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({ text: 'It is 7.', reason: 'stop' })
  })

  test.each([
    ['no reason', null],
    ['an empty reason', ''],
  ])('may give %s, where it says that it is done', async (_what, reason) => {
    const done = `${delta({}, reason)}data: [DONE]\n\n`
    const { model } = await start([
      { text: 'It is 7.', garbled: done, noFinal: true, splitEvery: 7 },
      { text: ['data: [DONE]', '\ndata: [DONE]\n'], garbled: delta({}, reason), noFinal: true },
    ])
    expect(await askModel(model, 'gas?')).toMatchObject({ text: 'It is 7.', reason: 'stop' })
    expect(await failureOf(model)).toMatchObject({ status: 502 })
  })

  test.each([
    ['as JSON', '{"error":{"message":"secret","code":500}}'],
    ['as text within the stream', 'data: {"error":"secret"}\n\n'],
    ['as an event', 'event: error\ndata: {"message":"secret"}\n\n'],
    ['as nothing', 'data: [DONE]\n\n'],
  ])('may fail under 200: %s', async (_how, garbled) => {
    const { model } = await start([{ garbled, noFinal: true, headless: true }])
    const error = await failureOf(model)
    expect(error).toMatchObject({ status: 502 })
    expect(error.message).not.toContain('secret')
  })
})

describe('a failure', () => {
  test.each<[what: string, reply: ScriptedReply, expected: Record<string, unknown>]>([
    ['a rate limit', { status: 429, error: 'secret' }, { status: 503, retryAfterSec: 5 }],
    ['overload', { status: 503, error: 'secret' }, { status: 503 }],
    [
      'a bad key',
      { status: 401, error: 'secret' },
      { status: 502, message: expect.stringContaining('OPENAI_API_KEY') },
    ],
    ['a crash', { status: 500, error: 'secret' }, { status: 502 }],
    ['a request it takes for bad', { status: 400, error: 'secret' }, { status: 502 }],
    ['a gateway that gave up', { status: 504, error: 'secret' }, { status: 504 }],
    ['an error in mid-answer', { text: 'It is', error: 'secret' }, { status: 502 }],
    ['garbled data', { text: 'It is', garbled: 'data: {secret\n\n' }, { status: 502 }],
    ['a cut connection', { text: 'It is', cut: true }, { status: 502, retryAfterSec: undefined }],
    ['a reset connection', { text: 'It is', cut: 'reset' }, { status: 502, retryAfterSec: undefined }],
    ['no finish', { text: 'It is', noFinal: true }, { status: 502 }],
    ['JSON instead of a stream', { garbled: '{"secret":1}', noFinal: true }, { status: 502 }],
  ])('from %s says what it is, and nothing of the backend', async (_what, reply, expected) => {
    const { model, backend } = await start([reply])
    const error = await failureOf(model)
    expect(error).toMatchObject(expected)
    expect(error.message).not.toMatch(/secret|127\.0\.0\.1/)
    expect(backend.requests).toHaveLength(1)
  })

  test('from too long a prompt tells the limit as the backend counts it', async () => {
    const { model } = await start([
      {
        status: 400,
        error: {
          message:
            "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4000 in the messages).",
          code: 400,
        },
      },
      { status: 400, error: { message: 'too long', code: 'context_length_exceeded' } },
    ])
    expect(await failureOf(model)).toMatchObject({
      code: 'context_length_exceeded',
      details: { limitTokens: 4_096, promptTokens: 5_000 },
    })
    const untold = await failureOf(model)
    expect(untold).toMatchObject({ code: 'context_length_exceeded' })
    expect(untold.message).toMatch(
      /^This model's maximum context length is exceeded\. However, your messages resulted in/,
    )
  })

  test.each([
    [true, 'context_length_exceeded', 400, 'context_length_exceeded'],
    [false, 'context_length_exceeded', 400, 'context_length_exceeded'],
    [true, 429, 503, 'server_overloaded'],
  ])(
    'that comes under status 200 in place of an answer is told as one (whole: %s, code: %s)',
    async (whole, code, status, told) => {
      const { model } = await startPlain(JSON.stringify({ error: { message: 'It is too much.', code } }), true)
      const failure = await askModel(model, 'hello', { whole }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ status, code: told })
    },
  )

  test.each([
    ["This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens.", 4_096],
    ['The decoder prompt (length 5000) is longer than the maximum model length of 4096.', 4_096],
    ['max_tokens must be at least 1, got -186.', undefined],
  ])("from too long a prompt is told as that in each of vLLM's ways: %s", async (message, limitTokens) => {
    const fields = { message, type: 'BadRequestError', param: null, code: 400 }
    const { model } = await start([
      { status: 400, error: fields },
      { status: 400, error: JSON.stringify({ object: 'error', ...fields }) },
    ])
    const flat = await startPlain(JSON.stringify({ object: 'error', ...fields }), true)
    for (const { asked, whole } of [
      { asked: model, whole: false },
      { asked: model, whole: false },
      { asked: flat.model, whole: true },
    ]) {
      const failure = await askModel(asked, 'hello', { whole }).catch((error: unknown) => error)
      expect(failure).toMatchObject({ status: 400, code: 'context_length_exceeded' })
      expect(failure).toMatchObject({ details: limitTokens === undefined ? {} : { limitTokens, promptTokens: 5_000 } })
    }
  })

  test.each([
    [502, { status: 502, kind: 'down', retryAfterSec: 5 }],
    [524, { status: 504, kind: 'timeout' }],
    [413, { status: 400, code: 'context_length_exceeded' }],
  ])('of a proxy in between, a %i, is told apart', async (status, expected) => {
    const { model } = await start([{ status, error: 'secret' }])
    expect(await failureOf(model)).toMatchObject(expected)
  })

  test('of a model that is still loading is a 502 that says so', async () => {
    const { model } = await start([{ status: 503, error: { message: 'Loading model', code: 503 } }])
    expect(await failureOf(model)).toMatchObject({ status: 502, code: 'model_warming_up', retryAfterSec: 15 })
  })

  test('to reach the server is a 502', async () => {
    const { model, backend } = await start([])
    await backend.close()
    expect(await failureOf(model)).toMatchObject({ status: 502, message: expect.stringContaining('cannot be reached') })
  })

  test('of a server that never answers is a 504, and its request is closed', async () => {
    const { model, backend } = await start([{ hang: true }], { firstTokenTimeoutMs: 100 })
    expect(await failureOf(model)).toMatchObject({ status: 504 })
    await expect.poll(() => backend.openRequests).toBe(0)
  })
})

describe('a server that starts, or sleeps,', () => {
  const patiently = (model: Model, signal = new AbortController().signal) =>
    askModel(
      createRoutedModel({ id: 'conductor', backends: [{ model }], patience: { firstMs: 4, longestMs: 12 } }),
      'hi',
      {
        patient: true,
        signal,
      },
    )

  test('is asked again until it answers, by who is patient', async () => {
    const { model, backend } = await start([
      { status: 503, error: { message: 'Loading model', code: 503 } },
      { status: 502, error: 'secret' },
      { text: 'It is up.' },
    ])
    expect(await patiently(model)).toMatchObject({ text: 'It is up.' })
    expect(backend.requests).toHaveLength(3)
  })

  test('is asked again once something listens there', async () => {
    const first = await start([])
    const port = Number(new URL(first.backend.url).port)
    await first.backend.close()
    const answer = patiently(first.model)
    const server = createServer((_, res) => {
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.end(toPlainAnswer({ role: 'assistant', content: 'It is up.' }, false))
    })
    server.listen(port, '127.0.0.1')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    expect(await answer).toMatchObject({ text: 'It is up.' })
  })

  test('and holds the connection meanwhile is waited for as long as its caller likes', async () => {
    let isUp = () => {}
    const up = new Promise<void>((resolve) => {
      isUp = resolve
    })
    const { model, backend } = await start(
      async () => {
        await up
        return { text: 'It is up.' }
      },
      { firstTokenTimeoutMs: 30 },
    )
    const hasty = failureOf(model)
    const answer = patiently(model)
    expect(await hasty).toMatchObject({ status: 504 })
    await expect.poll(() => backend.openRequests).toBe(1)
    isUp()
    expect(await answer).toMatchObject({ text: 'It is up.' })
    // Of the patient one: the hasty one may have given up before the server heard of it.
    expect(backend.requests.filter(({ body }) => JSON.stringify(body.messages).includes('"hi"'))).toHaveLength(1)
  })

  test('is left alone by who has waited long enough', async () => {
    const caller = new AbortController()
    const { model, backend } = await start(() => ({ status: 503, error: { message: 'Loading model' } }))
    const answer = patiently(model, caller.signal)
    await expect.poll(() => backend.requests.length).toBeGreaterThan(2)
    caller.abort(new Error('long enough'))
    await expect(answer).rejects.toThrow('long enough')
  })

  test('is not asked again once it has begun to answer', async () => {
    const { model, backend } = await start([{ text: 'It is', cut: true }, { text: 'It is 7.' }])
    await expect(patiently(model)).rejects.toMatchObject({ status: 502 })
    expect(backend.requests).toHaveLength(1)
  })
})

test('a prompt goes to the backend alone, also where the environment names a tracing service', async () => {
  const traced: string[] = []
  const service = createServer(async (req, res) => {
    traced.push(await text(req))
    res.end('{}')
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  vi.stubEnv('LANGSMITH_TRACING', 'true')
  vi.stubEnv('LANGSMITH_API_KEY', 'x')
  vi.stubEnv('LANGSMITH_ENDPOINT', `http://127.0.0.1:${(service.address() as AddressInfo).port}`)
  const { model } = await start([{ text: 'ok' }])
  await askModel(model, 'a private question')
  await RunnableLambda.from(() => 'ok').invoke('something traced')
  await expect.poll(() => traced.join()).toContain('something traced')
  expect(traced.join()).not.toContain('private')
  vi.unstubAllEnvs()
  service.close()
})

test('leaving the iteration, or aborting the signal, closes the request', async () => {
  const { model, backend } = await start([
    { text: 'It is', thenHang: true },
    { text: 'It is', thenHang: true },
  ])
  for await (const event of model.stream(toModelRequest('hello'))) if (event.type === 'text') break
  await expect.poll(() => backend.openRequests).toBe(0)
  const caller = new AbortController()
  const answer = askModel(model, 'hello', { signal: caller.signal })
  await expect.poll(() => backend.openRequests).toBe(1)
  caller.abort(new Error('gone'))
  await expect(answer).rejects.toThrow('gone')
  await expect.poll(() => backend.openRequests).toBe(0)
})

describe('the check', () => {
  const { signal } = new AbortController()

  test('is ok where the model is listed, and says what to look at where it is not', async () => {
    const { model, backend } = await start([])
    expect(await model.check(signal)).toEqual({ status: 'ok' })
    const other = await start([], { modelName: 'other' }, { models: ['gpt-test'] })
    expect(await other.model.check(signal)).toMatchObject({ status: 'down', detail: expect.stringContaining('other') })
    await backend.close()
    expect(await model.check(signal)).toMatchObject({
      status: 'down',
      detail: 'the server at OPENAI_BASE_URL does not answer: start it, or correct OPENAI_BASE_URL',
    })
  })

  test('says which server was asked where none is set', async () => {
    const nowhere = createOpenAIModel({ id: 'operator', modelName: 'gpt-test' })
    expect(await nowhere.check(AbortSignal.abort())).toEqual({
      status: 'down',
      detail: 'OPENAI_BASE_URL is not set, so https://api.openai.com/v1 was asked, which does not answer',
    })
  })
})

async function start(script: Script, options: Partial<OpenAIOptions> = {}, backendOptions?: ScriptedOpenAIOptions) {
  const modelName = options.modelName ?? 'gpt-test'
  const backend = await scriptedOpenAI(script, backendOptions ?? { models: [modelName] })
  backends.push(backend)
  const model = createOpenAIModel({
    id: 'operator',
    modelName,
    baseUrl: `${backend.url}/v1`,
    apiKey: 'sk-test',
    ...options,
  })
  return { backend, model }
}

function toPlainAnswer(said: object, whole: boolean): string {
  const finish_reason = 'stop'
  if (whole) return JSON.stringify({ choices: [{ index: 0, message: said, finish_reason }] })
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta: said, finish_reason }] })}\n\ndata: [DONE]\n\n`
}

/** A server that answers everything with `body`. */
async function startPlain(body: string, isJson: boolean) {
  const server = createServer((_, res) => {
    res.writeHead(200, { 'content-type': isJson ? 'application/json' : 'text/event-stream' }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { model: createOpenAIModel({ id: 'operator', modelName: 'gpt-test', baseUrl: `http://127.0.0.1:${port}/v1` }) }
}

async function failureOf(model: Model): Promise<Error> {
  return askModel(model, 'hello').then(
    () => expect.unreachable('it should have failed'),
    (error: Error) => error,
  )
}
