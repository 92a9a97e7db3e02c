import OpenAI from 'openai'
import { zodFunction } from 'openai/helpers/zod'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import {
  CITY,
  called,
  count,
  FOUND,
  found,
  sum,
  time,
  toTime,
  toWeather,
  weather,
  worksThrough,
} from './client-tools.ts'
import { toTranscript } from './heard.ts'
import type { Play } from './model-that-calls.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'what is the weather in Bern?'
const messages = [{ role: 'user' as const, content: QUESTION }]
const ask = { model: 'operator', messages }

const City = z.object({ city: z.string() })
const runnable = [
  zodFunction({ name: 'weather', parameters: City, function: toWeather }),
  zodFunction({ name: 'time', parameters: City, function: toTime }),
]
const tools = ['weather', 'time'].map((name) => ({ type: 'function' as const, function: { name, parameters: CITY } }))

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)('the openai SDK with tools of its own, with %s behind the gateway,', (backendName) => {
  let stage: Stage
  let client: OpenAI

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
    client = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch, maxRetries: 0 })
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  /** What the model was sent last. */
  const lastHeard = () => {
    const heard = stage.heard().at(-1)
    if (heard === undefined) throw new Error('the model was not asked')
    return heard
  }

  describe.each([false, true])('runTools (stream: %s)', (stream) => {
    const runTools = () => {
      const params = { ...ask, tools: runnable }
      const calls: string[] = []
      const note = ({ name }: { name: string }) => calls.push(name)
      const runner = stream
        ? client.chat.completions
            .runTools({ ...params, stream, stream_options: { include_usage: true } })
            .on('functionToolCall', note)
        : client.chat.completions.runTools({ ...params, stream }).on('functionToolCall', note)
      return { runner, calls }
    }
    const finishes = (runner: ReturnType<typeof runTools>['runner']) =>
      runner.allChatCompletions().map(({ choices }) => choices[0]?.finish_reason)

    test('runs a call of its own, and the model answers with what it said', async () => {
      stage.play(worksThrough([weather]))
      const { runner, calls } = runTools()
      expect(await runner.finalContent()).toBe(FOUND.weather)
      expect(calls).toEqual(['weather'])
      expect(finishes(runner)).toEqual(['tool_calls', 'stop'])
      expect(toTranscript(lastHeard())).toEqual([`user: ${QUESTION}`, called(weather), found('weather')])
      const { prompt, completion, total } = stage.usage()
      expect(await runner.totalUsage()).toMatchObject({
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: total,
      })
    })

    test('runs one call after the other', async () => {
      stage.play(worksThrough([weather], [time]))
      const { runner, calls } = runTools()
      expect(await runner.finalContent()).toBe(`${FOUND.weather} ${FOUND.time}`)
      expect(calls).toEqual(['weather', 'time'])
      expect(finishes(runner)).toEqual(['tool_calls', 'tool_calls', 'stop'])
      expect(toTranscript(lastHeard())).toEqual([
        `user: ${QUESTION}`,
        called(weather),
        found('weather'),
        called(time),
        found('time'),
      ])
    })

    test('runs two calls of one answer', async () => {
      stage.play(worksThrough([weather, time]))
      const { runner, calls } = runTools()
      expect(await runner.finalContent()).toBe(`${FOUND.weather} ${FOUND.time}`)
      expect(calls).toEqual(['weather', 'time'])
      expect(finishes(runner)).toEqual(['tool_calls', 'stop'])
      expect(toTranscript(lastHeard())).toEqual([
        `user: ${QUESTION}`,
        called(weather, time),
        found('weather'),
        found('time'),
      ])
    })

    test.each([
      ['first', [count, weather], ['transaction_count', 'weather']],
      ['last', [weather, count], ['weather', 'transaction_count']],
    ] as const)(
      'is handed its own call alone of a mixed step, server call %s, and the model then sees both results',
      async (_, step, order) => {
        stage.play(worksThrough(step))
        const { runner, calls } = runTools()
        expect(await runner.finalContent()).toBe(order.map((name) => FOUND[name]).join(' '))
        expect(calls).toEqual(['weather'])
        expect(finishes(runner)).toEqual(['tool_calls', 'stop'])
        expect(stage.heard()).toHaveLength(2)
        expect(toTranscript(lastHeard())).toEqual([`user: ${QUESTION}`, called(...step), ...order.map(found)])
      },
    )

    test('is handed its own call after a step of the server, which works on after it and has forgotten nothing', async () => {
      stage.play(worksThrough([count], [weather], [sum]))
      const { runner, calls } = runTools()
      expect(await runner.finalContent()).toBe(`${FOUND.transaction_count} ${FOUND.weather} ${FOUND.calculate}`)
      expect(calls).toEqual(['weather'])
      expect(finishes(runner)).toEqual(['tool_calls', 'stop'])
      expect(stage.heard()).toHaveLength(4)
      expect(toTranscript(lastHeard())).toEqual([
        `user: ${QUESTION}`,
        called(count),
        found('transaction_count'),
        called(weather),
        found('weather'),
        called(sum),
        found('calculate'),
      ])
      const { total } = stage.usage()
      expect(await runner.totalUsage()).toMatchObject({ total_tokens: total })
    })

    test('is handed its own calls of one mixed step after the other', async () => {
      stage.play(worksThrough([count, weather], [time, sum]))
      const { runner, calls } = runTools()
      await runner.done()
      expect(calls).toEqual(['weather', 'time'])
      expect(finishes(runner)).toEqual(['tool_calls', 'tool_calls', 'stop'])
      expect(toTranscript(lastHeard())).toEqual([
        `user: ${QUESTION}`,
        called(count, weather),
        found('transaction_count'),
        found('weather'),
        called(time, sum),
        found('time'),
        found('calculate'),
      ])
    })

    test('goes on with the conversation after a mixed step', async () => {
      stage.play(worksThrough([count, weather]))
      const { runner } = runTools()
      await runner.done()
      stage.play(worksThrough([time]))
      const next = client.chat.completions.runTools({
        ...ask,
        messages: [...runner.messages, { role: 'user', content: 'and what time is it there?' }],
        tools: runnable,
      })
      expect(await next.finalContent()).toBe(FOUND.time)
      const transcript = toTranscript(lastHeard())
      expect(transcript).toContain(found('weather'))
      expect(transcript.slice(-3)).toEqual(['user: and what time is it there?', called(time), found('time')])
    })
  })

  test('two conversations at once are not confused, though the backend gives their calls the same ids', async () => {
    const repeating =
      (play: Play): Play =>
      (heard) => {
        const { toolCalls, ...reply } = play(heard)
        if (toolCalls === undefined) return reply
        return { toolCalls: toolCalls.map((call) => ({ ...call, id: call.name === 'weather' ? 'call_1' : 'call_0' })) }
      }
    const begin = async (content: string) => {
      const history: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content }]
      const { choices } = await client.chat.completions.create({ model: 'operator', messages: history, tools })
      const message = choices[0]?.message
      if (message === undefined) throw new Error('no message')
      return [
        ...history,
        message,
        { role: 'tool' as const, tool_call_id: message.tool_calls?.[0]?.id ?? '', content: FOUND.weather },
      ]
    }
    stage.play(repeating(worksThrough([count, weather])))
    const one = await begin('one')
    stage.play(repeating(worksThrough([weather])))
    const two = await begin('two')
    await client.chat.completions.create({ model: 'operator', messages: two, tools })
    expect(toTranscript(lastHeard())).toEqual(['user: two', called(weather), found('weather')])
    await client.chat.completions.create({ model: 'operator', messages: one, tools })
    expect(toTranscript(lastHeard())).toEqual([
      'user: one',
      called(count, weather),
      found('transaction_count'),
      found('weather'),
    ])
  })

  test.each([false, true])('gets one call an answer with parallel_tool_calls off (stream: %s)', async (stream) => {
    stage.play(worksThrough([weather, time]))
    const params = { ...ask, tools: runnable, parallel_tool_calls: false }
    const runner = stream
      ? client.chat.completions.runTools({ ...params, stream })
      : client.chat.completions.runTools({ ...params, stream })
    const content = await runner.finalContent()
    expect(content).toContain(FOUND.weather)
    expect(content).toContain(FOUND.time)
    const calls = runner.allChatCompletions().map(({ choices }) => choices[0]?.message.tool_calls?.length ?? 0)
    expect(calls).toEqual([1, 1, 0])
  })

  describe('choosing', () => {
    test.each([false, true])(
      'required: the model has to call, whatever it would rather say (stream: %s)',
      async (stream) => {
        let asked = 0
        stage.play((heard) => (++asked === 1 ? { text: 'No need to look.' } : worksThrough([weather])(heard)))
        const params = { ...ask, tools, tool_choice: 'required' as const }
        const completion = stream
          ? await client.chat.completions.stream(params).finalChatCompletion()
          : await client.chat.completions.create(params)
        expect(completion.choices[0]).toMatchObject({
          finish_reason: 'tool_calls',
          message: { tool_calls: [{ type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }] },
        })
      },
    )

    test('required: the server may look first', async () => {
      stage.play(worksThrough([count], [weather]))
      const { choices } = await client.chat.completions.create({ ...ask, tools, tool_choice: 'required' })
      expect(choices[0]?.finish_reason).toBe('tool_calls')
      expect(choices[0]?.message.tool_calls).toHaveLength(1)
    })

    test.each([false, true])(
      'required: a model that will not call is an error, not an answer (stream: %s)',
      async (stream) => {
        stage.play(() => ({ text: 'I would rather talk.' }))
        const params = { ...ask, tools, tool_choice: 'required' as const }
        const asked = stream
          ? client.chat.completions.stream(params).finalChatCompletion()
          : client.chat.completions.create(params)
        await expect(asked).rejects.toThrow(OpenAI.APIError)
        expect(stage.wire.exchanges[0]?.text).not.toContain('rather')
      },
    )

    test('a name: that tool is called, and no other', async () => {
      stage.play(worksThrough([time], [weather]))
      const { choices } = await client.chat.completions.create({
        ...ask,
        tools,
        tool_choice: { type: 'function', function: { name: 'weather' } },
      })
      expect(choices[0]?.message.tool_calls?.map((call) => call.type === 'function' && call.function.name)).toEqual([
        'weather',
      ])
      expect(['tool_calls', 'stop']).toContain(choices[0]?.finish_reason)
    })

    test('a name: runTools runs that one, and gives back its call', async () => {
      stage.play(worksThrough([weather]))
      const runner = client.chat.completions.runTools({
        ...ask,
        tools: runnable,
        tool_choice: { type: 'function', function: { name: 'weather' } },
      })
      expect(await runner.finalFunctionToolCall()).toMatchObject({ name: 'weather' })
      expect(await runner.finalFunctionToolCallResult()).toBe(FOUND.weather)
    })

    test('none: its own tools are not on offer, and those of the server are', async () => {
      stage.play(worksThrough([count, weather]))
      const { choices } = await client.chat.completions.create({ ...ask, tools, tool_choice: 'none' })
      expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: FOUND.transaction_count } })
      for (const { tools: offered } of stage.heard()) expect(offered).not.toContain('weather')
    })
  })

  describe('the call as it is handed over', () => {
    const city = `Zürich 🌍 "quoted" \\ ${'né'.repeat(300)}`

    test.each([false, true])('holds whole arguments, whatever they hold (stream: %s)', async (stream) => {
      stage.play(worksThrough([{ name: 'weather', arguments: { city } }]))
      const completion = stream
        ? await client.chat.completions.stream({ ...ask, tools }).finalChatCompletion()
        : await client.chat.completions.create({ ...ask, tools })
      const [call] = completion.choices[0]?.message.tool_calls ?? []
      expect(call?.type === 'function' && JSON.parse(call.function.arguments)).toEqual({ city })
      expect(call?.id).toMatch(/^call_[A-Za-z0-9]{1,35}$/)
    })

    test('streams in fragments: the first names the call, the others carry its arguments', async () => {
      stage.play(worksThrough([{ name: 'weather', arguments: { city } }, time]))
      const fragments: OpenAI.ChatCompletionChunk.Choice.Delta.ToolCall[] = []
      for await (const { choices } of await client.chat.completions.create({ ...ask, tools, stream: true })) {
        fragments.push(...(choices[0]?.delta.tool_calls ?? []))
      }
      for (const index of [0, 1]) {
        const [first, ...rest] = fragments.filter((fragment) => fragment.index === index)
        expect(first).toMatchObject({
          id: expect.any(String),
          type: 'function',
          function: { name: expect.any(String) },
        })
        expect(rest.length).toBeGreaterThan(0)
        for (const fragment of rest) {
          expect(fragment).toEqual({ index, function: { arguments: expect.any(String) } })
        }
      }
      expect(fragments.filter(({ index }) => index === 0).length).toBeGreaterThan(2)
    })

    test('.stream() tells the arguments as they come, and once they are whole', async () => {
      stage.play(worksThrough([{ name: 'weather', arguments: { city } }]))
      let delta = ''
      const done: unknown[] = []
      const stream = client.chat.completions
        .stream({ ...ask, tools: runnable })
        .on('tool_calls.function.arguments.delta', (event) => {
          delta += event.arguments_delta
        })
        .on('tool_calls.function.arguments.done', ({ name, parsed_arguments }) => done.push({ name, parsed_arguments }))
      await stream.done()
      expect(JSON.parse(delta)).toEqual({ city })
      expect(done).toEqual([{ name: 'weather', parsed_arguments: { city } }])
    })

    test('.parse() gives the arguments as the schema has them', async () => {
      stage.play(worksThrough([weather]))
      const { choices } = await client.chat.completions.parse({ ...ask, tools: runnable })
      expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { parsed_arguments: { city: 'Bern' } } }])
    })

    test('a strict call with wrong arguments goes back to the model first', async () => {
      let asked = 0
      stage.play((heard) =>
        worksThrough([++asked === 1 ? { name: 'weather', arguments: { town: 5 } } : weather])({
          ...heard,
          results: {},
        }),
      )
      const { choices } = await client.chat.completions.parse({ ...ask, tools: runnable })
      expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { parsed_arguments: { city: 'Bern' } } }])
      expect(stage.heard()).toHaveLength(2)
    })

    test('a call of a tool that nobody has goes back to the model', async () => {
      let asked = 0
      stage.play((heard) =>
        ++asked === 1
          ? { toolCalls: [{ id: 'call_x1', name: 'stock_price', arguments: {} }] }
          : worksThrough([weather])(heard),
      )
      const { choices } = await client.chat.completions.create({ ...ask, tools })
      expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'weather' } }])
      expect(stage.wire.exchanges[0]?.text).not.toContain('stock_price')
    })

    test.each([false, true])('a call that the model wrote as text is a call (stream: %s)', async (stream) => {
      stage.play(() => ({ text: '<tool_call>{"name": "weather", "arguments": {"city": "Bern"}}</tool_call>' }))
      const completion = stream
        ? await client.chat.completions.stream({ ...ask, tools }).finalChatCompletion()
        : await client.chat.completions.create({ ...ask, tools })
      expect(completion.choices[0]?.finish_reason).toBe('tool_calls')
      expect(completion.choices[0]?.message.tool_calls).toMatchObject([
        { function: { name: 'weather', arguments: expect.stringMatching(/Bern/) } },
      ])
      expect(completion.choices[0]?.message.content ?? '').not.toContain('tool_call')
    })

    test('what the model says before a call reads alike, streamed or not', async () => {
      const talks = () => ({ text: 'Let me look that up.', toolCalls: [{ id: 'call_t1', ...weather }] })
      stage.play(talks)
      const whole = await client.chat.completions.create({ ...ask, tools })
      const streamed = await client.chat.completions.stream({ ...ask, tools }).finalChatCompletion()
      expect(streamed.choices[0]?.message.content ?? '').toBe(whole.choices[0]?.message.content ?? '')
      for (const { choices } of [whole, streamed]) {
        expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'weather' } }])
      }
    })
  })

  test('x-groundwire-tools: off leaves the tools to the client alone', async () => {
    stage.play(worksThrough([count, weather]))
    const alone = client.withOptions({ defaultHeaders: { 'x-groundwire-tools': 'off' } })
    const runner = alone.chat.completions.runTools({ ...ask, tools: runnable })
    expect(await runner.finalContent()).toBe(FOUND.weather)
    for (const heard of stage.heard()) {
      expect(heard.tools).toEqual(['weather', 'time'])
      expect(heard.messages.map(({ role }) => role)).not.toContain('system')
    }
  })

  test('x-groundwire-tools: off lets a client bring a tool that is named like one of the gateway', async () => {
    stage.play(worksThrough([{ name: 'balance', arguments: { city: 'Bern' } }]))
    const alone = client.withOptions({ defaultHeaders: { 'x-groundwire-tools': 'off' } })
    const { choices } = await alone.chat.completions.create({
      ...ask,
      tools: [{ type: 'function', function: { name: 'balance', parameters: CITY } }],
    })
    expect(choices[0]?.message.tool_calls).toMatchObject([{ function: { name: 'balance' } }])
    stage.wire.clear() // the name on the wire is the client's own
  })

  test('a schema beside tools forms the answer, not the calls', async () => {
    stage.play((heard) =>
      heard.format === undefined
        ? worksThrough([weather])(heard)
        : { text: JSON.stringify({ sunny: heard.results.weather?.[0]?.includes('sunny') ?? false }) },
    )
    const runner = client.chat.completions.runTools({
      ...ask,
      tools: runnable,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'forecast',
          schema: { type: 'object', properties: { sunny: { type: 'boolean' } }, required: ['sunny'] },
        },
      },
    })
    expect(JSON.parse((await runner.finalContent()) ?? '')).toEqual({ sunny: true })
    expect(runner.allChatCompletions().map(({ choices }) => choices[0]?.finish_reason)).toEqual(['tool_calls', 'stop'])
  })
})
