import OpenAI from 'openai'
import { zodResponsesFunction, zodTextFormat } from 'openai/helpers/zod'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { CITY, called, count, FOUND, found, time, toTime, toWeather, weather, worksThrough } from './client-tools.ts'
import { toTranscript } from './heard.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'how many transactions has vitalik.eth sent?'
const ask = { model: 'operator', input: QUESTION }
const tools = ['weather', 'time'].map((name) => ({
  type: 'function' as const,
  name,
  parameters: CITY,
  strict: true,
}))
const WORDS = Array.from({ length: 60 }, (_, i) => `word${i} `)

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)("the openai SDK's responses, with %s behind the gateway,", (backendName) => {
  let stage: Stage
  let client: OpenAI

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
    client = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch, maxRetries: 0 })
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  /** As the SDK spells it. */
  const usage = () => {
    const { prompt, completion, total } = stage.usage()
    return { input_tokens: prompt, output_tokens: completion, total_tokens: total }
  }
  const lastTranscript = () => stage.heard().slice(-1).flatMap(toTranscript)
  /** What the client answers to the calls of a response. */
  const toOutputs = ({ output }: Pick<OpenAI.Responses.Response, 'output'>) =>
    output.flatMap((item) => {
      if (item.type !== 'function_call') return []
      const run = item.name === 'time' ? toTime : toWeather
      const { call_id, arguments: args } = item
      return [{ type: 'function_call_output' as const, call_id, output: run(JSON.parse(args)) }]
    })

  test('create gets the answer alone, and the usage of all steps', async () => {
    stage.play(worksThrough([count]))
    const response = await client.responses.create({ ...ask, instructions: 'Be brief.' })
    expect(response).toMatchObject({ object: 'response', status: 'completed', model: 'operator', error: null })
    expect(response.output.map(({ type }) => type)).toEqual(['message'])
    expect(response.output_text).toBe(FOUND.transaction_count)
    expect(response.usage).toMatchObject(usage())
    expect(lastTranscript()).toEqual([`user: ${QUESTION}`, called(count), found('transaction_count')])
    expect(stage.heard()[0]?.messages[0]?.text).toContain('Be brief.')
  })

  test('a stream tells the same text, its events numbered and in their order', async () => {
    stage.play(worksThrough([count]))
    const events: OpenAI.Responses.ResponseStreamEvent[] = []
    for await (const event of await client.responses.create({ ...ask, stream: true })) events.push(event)
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, index) => index))
    const types = events.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1])
    expect(types).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ])
    const deltas = events.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []))
    expect(deltas.join('')).toBe(FOUND.transaction_count)
    expect(events.at(-1)).toMatchObject({ response: { status: 'completed', usage: usage() } })
  })

  test('.stream() ends in the whole response, which can be fetched again', async () => {
    stage.play(worksThrough([count]))
    const response = await client.responses.stream(ask).finalResponse()
    expect(response.output_text).toBe(FOUND.transaction_count)
    const { id, output_text } = response
    expect(await client.responses.retrieve(id)).toMatchObject({ id, output_text, status: 'completed' })
  })

  test.each([false, true])(
    'a model cut by max_output_tokens leaves the response incomplete (stream: %s)',
    async (stream) => {
      stage.play(() => ({ text: WORDS }))
      const params = { ...ask, max_output_tokens: 16 }
      const response = stream
        ? await client.responses.stream(params).finalResponse()
        : await client.responses.create(params)
      expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
      expect(response.output_text).toMatch(/^word0 /)
    },
  )

  describe('asking for JSON', () => {
    const Answer = z.object({ transactions: z.number() })
    const writesJson: Parameters<Stage['play']>[0] = (heard) =>
      heard.format === undefined ? worksThrough([count])(heard) : { text: '{"transactions": 1648}' }

    test.each([false, true])('the answer is parsed by its schema (stream: %s)', async (stream) => {
      stage.play(writesJson)
      const params = { ...ask, text: { format: zodTextFormat(Answer, 'answer') } }
      const response = stream
        ? await client.responses.stream(params).finalResponse()
        : await client.responses.parse(params)
      expect(response.output_parsed).toEqual({ transactions: 1648 })
      expect(stage.heard().at(-1)?.results).toHaveProperty('transaction_count')
    })

    test('json_object is any object', async () => {
      stage.play(writesJson)
      const response = await client.responses.create({ ...ask, text: { format: { type: 'json_object' } } })
      expect(JSON.parse(response.output_text)).toEqual({ transactions: 1648 })
    })
  })

  describe.each([false, true])('with tools of its own (stream: %s)', (stream) => {
    const create = (params: Omit<OpenAI.Responses.ResponseCreateParamsNonStreaming, 'model' | 'tools' | 'stream'>) =>
      stream
        ? client.responses.stream({ ...params, model: 'operator', tools }).finalResponse()
        : client.responses.create({ ...params, model: 'operator', tools })
    const callsOf = ({ output }: Pick<OpenAI.Responses.Response, 'output'>) =>
      output.flatMap((item) => (item.type === 'function_call' ? [[item.name, JSON.parse(item.arguments)]] : []))

    test('a call is handed over whole, and answered over previous_response_id', async () => {
      stage.play(worksThrough([weather], [time]))
      const first = await create({ input: QUESTION })
      expect(first.status).toBe('completed')
      expect(callsOf(first)).toEqual([['weather', { city: 'Bern' }]])
      const second = await create({ previous_response_id: first.id, input: toOutputs(first) })
      expect(callsOf(second)).toEqual([['time', { city: 'Bern' }]])
      const third = await create({ previous_response_id: second.id, input: toOutputs(second) })
      expect(third.output_text).toBe(`${FOUND.weather} ${FOUND.time}`)
      expect(lastTranscript()).toEqual([
        `user: ${QUESTION}`,
        called(weather),
        found('weather'),
        called(time),
        found('time'),
      ])
    })

    test('a call is answered over replayed items, with nothing stored', async () => {
      stage.play(worksThrough([weather, time]))
      const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: QUESTION }]
      const first = await create({ input, store: false })
      expect(callsOf(first).map(([name]) => name)).toEqual(['weather', 'time'])
      const second = await create({
        input: [...input, ...first.output, ...toOutputs(first)] as typeof input,
        store: false,
      })
      expect(second.output_text).toBe(`${FOUND.weather} ${FOUND.time}`)
      expect(lastTranscript()).toEqual([`user: ${QUESTION}`, called(weather, time), found('weather'), found('time')])
      await expect(client.responses.retrieve(first.id)).rejects.toThrow(OpenAI.NotFoundError)
    })

    test.each(['previous_response_id', 'replayed items'])(
      'of a mixed step it sees its own call alone, and the model both results (over %s)',
      async (way) => {
        stage.play(worksThrough([count, weather]))
        const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: QUESTION }]
        const first = await create({ input })
        expect(callsOf(first)).toEqual([['weather', { city: 'Bern' }]])
        const second = await create(
          way === 'previous_response_id'
            ? { previous_response_id: first.id, input: toOutputs(first) }
            : { input: [...input, ...first.output, ...toOutputs(first)] as typeof input },
        )
        expect(second.output_text).toBe(`${FOUND.transaction_count} ${FOUND.weather}`)
        expect(stage.heard()).toHaveLength(2)
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count, weather),
          found('transaction_count'),
          found('weather'),
        ])
      },
    )

    test('a choice by name is kept', async () => {
      stage.play(worksThrough([weather]))
      const response = await create({ input: QUESTION, tool_choice: { type: 'function', name: 'weather' } })
      expect(callsOf(response)).toEqual([['weather', { city: 'Bern' }]])
    })

    test('one call at a time with parallel_tool_calls off', async () => {
      stage.play(worksThrough([weather, time]))
      const first = await create({ input: QUESTION, parallel_tool_calls: false })
      expect(callsOf(first)).toHaveLength(1)
    })
  })

  test('a zod function has its arguments parsed', async () => {
    stage.play(worksThrough([weather]))
    const response = await client.responses.parse({
      ...ask,
      tools: [zodResponsesFunction({ name: 'weather', parameters: z.object({ city: z.string() }) })],
    })
    expect(response.output).toMatchObject([{ type: 'function_call', parsed_arguments: { city: 'Bern' } }])
  })

  test('arguments stream in fragments that join to the whole', async () => {
    const city = `Zürich 🌍 ${'né'.repeat(300)}`
    stage.play(worksThrough([{ name: 'weather', arguments: { city } }]))
    let joined = ''
    let done = ''
    for await (const event of await client.responses.create({ ...ask, tools, stream: true })) {
      if (event.type === 'response.function_call_arguments.delta') joined += event.delta
      if (event.type === 'response.function_call_arguments.done') done = event.arguments
    }
    expect(JSON.parse(joined)).toEqual({ city })
    expect(done).toBe(joined)
  })

  test('a conversation goes on over previous_response_id', async () => {
    stage.play(() => ({ text: 'Noted.' }))
    const first = await client.responses.create({
      model: 'operator',
      input: 'my name is Ada',
      instructions: 'Be kind.',
    })
    await client.responses.create({ model: 'operator', input: 'what is my name?', previous_response_id: first.id })
    expect(lastTranscript()).toEqual(['user: my name is Ada', 'assistant: Noted.', 'user: what is my name?'])
    expect(stage.heard().at(-1)?.messages[0]?.text ?? '').not.toContain('Be kind.')
  })

  test('what is deleted is gone, also as a previous response', async () => {
    stage.play(() => ({ text: 'Noted.' }))
    const { id } = await client.responses.create(ask)
    await client.responses.delete(id)
    await expect(client.responses.retrieve(id)).rejects.toThrow(OpenAI.NotFoundError)
    const error = await client.responses.create({ ...ask, previous_response_id: id }).catch((e) => e)
    expect(error).toMatchObject({ code: 'previous_response_not_found', param: 'previous_response_id' })
  })

  test('the input items of a response can be read', async () => {
    stage.play(() => ({ text: 'Noted.' }))
    const { id } = await client.responses.create(ask)
    const items: unknown[] = []
    for await (const item of client.responses.inputItems.list(id)) items.push(item)
    expect(items).toMatchObject([{ type: 'message', role: 'user', content: [{ type: 'input_text', text: QUESTION }] }])
  })

  describe('in the background', () => {
    test('a response is fetched when it is done', async () => {
      stage.play(worksThrough([count]))
      const { id, status } = await client.responses.create({ ...ask, background: true })
      expect(['queued', 'in_progress']).toContain(status)
      await expect.poll(async () => (await client.responses.retrieve(id)).status).toBe('completed')
      expect((await client.responses.retrieve(id)).output_text).toBe(FOUND.transaction_count)
    })

    test('a cancelled response stops the model', async () => {
      stage.play(() => ({ text: WORDS, thenHang: true }))
      const { id } = await client.responses.create({ ...ask, background: true })
      await expect.poll(() => stage.backend.openRequests).toBe(1)
      expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' })
      await expect.poll(() => stage.backend.openRequests).toBe(0)
      expect(await client.responses.cancel(id)).toMatchObject({ status: 'cancelled' })
    })

    test('a stream that was left is taken up where it was left', async () => {
      stage.play(() => ({ text: WORDS }))
      const seen: OpenAI.Responses.ResponseStreamEvent[] = []
      for await (const event of await client.responses.create({ ...ask, background: true, stream: true })) {
        seen.push(event)
        if (event.type === 'response.output_text.delta') break
      }
      const created = seen.find((event) => event.type === 'response.created')
      const id = created?.response.id ?? ''
      const starting_after = seen.at(-1)?.sequence_number ?? 0
      for await (const event of await client.responses.retrieve(id, { stream: true, starting_after })) seen.push(event)
      expect(seen.map(({ sequence_number }) => sequence_number)).toEqual(seen.map((_, index) => index))
      expect(seen.at(-1)).toMatchObject({ type: 'response.completed', response: { id, status: 'completed' } })
      const deltas = seen.flatMap((event) => (event.type === 'response.output_text.delta' ? [event.delta] : []))
      expect(deltas.join('').trim()).toBe(WORDS.join('').trim())
    })
  })

  test('.stream() by id replays a response from where it is told to', async () => {
    stage.play(() => ({ text: WORDS }))
    let id = ''
    for await (const event of await client.responses.create({ ...ask, background: true, stream: true })) {
      if (event.type === 'response.created') id = event.response.id
    }
    const seen: number[] = []
    const stream = client.responses
      .stream({ response_id: id, starting_after: 5 })
      .on('event', ({ sequence_number }) => seen.push(sequence_number))
    expect(await stream.finalResponse()).toMatchObject({ id, status: 'completed', output_text: WORDS.join('') })
    expect(seen[0]).toBe(6)
  })

  test('leaving a stream stops the model', async () => {
    stage.play(() => ({ text: WORDS, thenHang: true }))
    for await (const event of await client.responses.create({ ...ask, stream: true })) {
      if (event.type === 'response.output_text.delta') break
    }
    await expect.poll(() => stage.backend.openRequests).toBe(0)
  })

  test.each([false, true])('a backend that fails at once is an error with its status (stream: %s)', async (stream) => {
    stage.play(() => ({ status: 500, error: 'the runner died' }))
    const error = await client.responses.create({ ...ask, stream }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.InternalServerError)
    expect(error).toMatchObject({ status: 502, code: 'model_backend_error' })
  })

  test('a backend that fails in mid-stream fails the response, and the SDK throws what went wrong', async () => {
    stage.play(() => ({ text: WORDS, cut: true }))
    const seen: string[] = []
    const reading = async () => {
      for await (const { type } of await client.responses.create({ ...ask, stream: true })) seen.push(type)
    }
    const error = await reading().catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error.code).toBe('server_error')
    expect(seen).toContain('response.output_text.delta')
    expect(seen).not.toContain('response.completed')
  })

  test.each<[string, object, object]>([
    ['an unknown model', { model: 'gpt-5' }, { status: 404, code: 'model_not_found' }],
    ['no input', { input: null }, { status: 400, param: 'input' }],
    [
      'a tool named like one of the gateway',
      { tools: [{ ...tools[0], name: 'balance' }] },
      { status: 400, param: 'tools[0].name' },
    ],
    [
      'an output without its call',
      { input: [{ type: 'function_call_output', call_id: 'call_1', output: 'x' }] },
      { status: 400, message: expect.stringContaining('call_1') },
    ],
    [
      'an image',
      {
        input: [
          { role: 'user', content: [{ type: 'input_image', image_url: 'https://x.test/i.png', detail: 'auto' }] },
        ],
      },
      { status: 400 },
    ],
  ])('%s is an error of the SDK', async (_, body, expected) => {
    stage.play(() => ({ text: 'hello' }))
    const error = await client.responses.create({ ...ask, ...body }).catch((e) => e)
    expect(error).toBeInstanceOf(OpenAI.APIError)
    expect(error).toMatchObject(expected)
    expect(stage.heard()).toHaveLength(0)
  })
})
