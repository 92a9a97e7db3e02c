import OpenAI from 'openai'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sum, worksThrough } from './client-tools.ts'
import { openStage, type Stage } from './stage.ts'

const messages = [{ role: 'user' as const, content: 'hello' }]
const tool = (name: string) => ({ type: 'function' as const, function: { name, parameters: { type: 'object' } } })

describe('the openai SDK', () => {
  let stage: Stage
  let client: OpenAI

  beforeAll(async () => {
    stage = await openStage('Ollama')
    client = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch })
  })
  beforeEach(() => stage.play(() => ({ text: 'hello' })))
  afterAll(() => stage?.close())

  test.each<[string, Omit<OpenAI.ChatCompletionCreateParamsNonStreaming, 'model'>, Record<string, unknown>]>([
    ['no messages', { messages: [] }, { param: 'messages' }],
    ['a temperature off the scale', { messages, temperature: 9 }, { param: 'temperature' }],
    ['two choices', { messages, n: 2 }, { param: 'n', code: 'unsupported_value' }],
    [
      'a result without a call',
      { messages: [...messages, { role: 'tool', tool_call_id: 'call_1', content: 'x' }] },
      { message: expect.stringContaining("must be a response to a preceding message with 'tool_calls'") },
    ],
    [
      'a call without a result',
      {
        messages: [
          ...messages,
          {
            role: 'assistant',
            tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } }],
          },
          { role: 'user', content: 'well?' },
        ],
      },
      { message: expect.stringContaining('did not have response messages: call_1') },
    ],
    [
      'a tool named like one of the gateway',
      { messages, tools: [tool('weather'), tool('balance')] },
      { param: 'tools[1].function.name' },
    ],
    ['two tools of one name', { messages, tools: [tool('weather'), tool('weather')] }, { param: /^tools/ }],
    [
      'a choice without tools',
      { messages, tool_choice: 'required' },
      { param: 'tool_choice', message: expect.stringContaining("only allowed when 'tools' are specified") },
    ],
    [
      'a choice of a tool that is not there',
      { messages, tools: [tool('weather')], tool_choice: { type: 'function', function: { name: 'time' } } },
      { param: /^tool_choice/ },
    ],
    ['an unknown form', { messages, response_format: { type: 'yaml' as 'text' } }, { param: /^response_format/ }],
    ['functions of old', { messages, functions: [{ name: 'weather' }] }, { param: 'functions' }],
  ])('throws a BadRequestError that names the field for %s, and does not try again', async (_, body, expected) => {
    const error = await client.chat.completions.create({ model: 'operator', ...body }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.BadRequestError)
    const { param, ...rest } = expected
    expect(error).toMatchObject({ type: 'invalid_request_error', requestID: expect.stringMatching(/./), ...rest })
    if (param instanceof RegExp) expect(error.param).toMatch(param)
    else if (param !== undefined) expect(error.param).toBe(param)
    expect(stage.wire.exchanges).toHaveLength(1)
    expect(stage.heard()).toHaveLength(0)
  })

  test('throws an AuthenticationError where nobody is named, and does not try again', async () => {
    const nobody = client.withOptions({ defaultHeaders: { authorization: null } })
    const error = await nobody.chat.completions.create({ model: 'operator', messages }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.AuthenticationError)
    expect(error.code).toBe('missing_wallet_address')
    expect(stage.wire.exchanges).toHaveLength(1)
  })

  test('needs no key but a wallet', async () => {
    const wallet = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
    const walletOnly = client.withOptions({ defaultHeaders: { authorization: null, 'x-wallet-address': wallet } })
    const { choices } = await walletOnly.chat.completions.create({ model: 'operator', messages })
    expect(choices[0]?.message.content).toBe('hello')
  })

  test('throws a NotFoundError for a model that is not there', async () => {
    const error = await client.chat.completions.create({ model: 'gpt-5', messages }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error.code).toBe('model_not_found')
    expect(stage.wire.exchanges).toHaveLength(1)
  })

  test('learns from the legacy completions where to go', async () => {
    const error = await client.completions.create({ model: 'operator', prompt: 'hello' }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.NotFoundError)
    expect(error.message).toContain('v1/chat/completions')
  })

  test('throws an InternalServerError where the backend fails, without a word of what it said', async () => {
    stage.play(() => ({ status: 500, error: 'llama runner process has terminated at /root/.ollama' }))
    const once = client.withOptions({ maxRetries: 0 })
    const error = await once.chat.completions.create({ model: 'operator', messages }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error).toMatchObject({ status: 502, code: 'model_backend_error' })
    expect(error.message).not.toContain('llama')
  })

  test('does not try again where a server tool has run already', async () => {
    stage.play((heard) =>
      heard.results.calculate === undefined ? worksThrough([sum])(heard) : { status: 500, error: 'the runner died' },
    )
    const error = await client.chat.completions.create({ model: 'operator', messages }).catch((e) => e)
    expect(error).toMatchObject({ status: 502, code: 'model_backend_error' })
    expect(stage.wire.exchanges).toHaveLength(1)
  })

  test('a stream that breaks off throws what went wrong, after the text that came', async () => {
    const text = Array.from({ length: 60 }, (_, i) => `word${i} `)
    stage.play(() => ({ text, cut: true }))
    const stream = await client.chat.completions.create({ model: 'operator', messages, stream: true })
    let seen = ''
    const reading = async () => {
      for await (const { choices } of stream) seen += choices[0]?.delta.content ?? ''
    }
    const error = await reading().catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error.code).toBe('model_backend_error')
    expect(text.join('').startsWith(seen)).toBe(true)
    expect(seen).not.toBe('')
  })

  test('gives the request id of an answer, of a stream and of an error', async () => {
    const asked = client.chat.completions.create({ model: 'operator', messages })
    const { data, request_id } = await asked.withResponse()
    expect(request_id).toBeTruthy()
    expect(data).toMatchObject({ _request_id: request_id })
    const streamed = client.chat.completions.create({ model: 'operator', messages, stream: true })
    const { data: stream, request_id: streamId } = await streamed.withResponse()
    for await (const _ of stream);
    expect(streamId).toBeTruthy()
    expect(streamId).not.toBe(request_id)
  })

  test('lists the models and finds one by its id', async () => {
    const ids: string[] = []
    for await (const model of client.models.list()) ids.push(model.id)
    expect(ids).toContain('operator')
    expect(await client.models.retrieve('operator')).toMatchObject({ id: 'operator', object: 'model' })
    await expect(client.models.retrieve('gpt-5')).rejects.toThrow(OpenAI.NotFoundError)
  })
})
