import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { CITY, called, count, found, sum, time, toTime, toWeather, weather, worksThrough } from './client-tools.ts'
import { toTranscript } from './heard.ts'
import type { Play } from './model-that-calls.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'
import { readEvents } from './wire-record.ts'

const messages = [{ role: 'user', content: 'what is the weather in Bern?' }]
const tools = ['weather', 'time'].map((name) => ({ type: 'function', function: { name, parameters: CITY } }))
const talkative = `${'Well, let me see what there is to be said of it. '.repeat(8)}🌍 Nothing.`

type Message = { content: string | null; tool_calls?: { id: string; function: { name: string; arguments: string } }[] }
type Answer = { message: Message; finish: string; usage: Record<string, unknown> | undefined }

/** What a model says, and what the caller asks for beside the question. */
const CASES: Record<string, [Play, object]> = {
  'an answer in one step': [() => ({ text: talkative }), {}],
  'an answer after server tools': [worksThrough([count], [sum]), {}],
  'an answer after some words and a server tool': [
    (heard) => ({
      ...worksThrough([count])(heard),
      ...(heard.results.transaction_count ? {} : { text: 'Let me look.' }),
    }),
    {},
  ],
  'an answer after thinking': [() => ({ thinking: 'Hm, well.', text: '<think>So be it.</think>Nothing.' }), {}],
  'two calls': [worksThrough([weather, time]), { tools }],
  'a call after text': [() => ({ text: talkative, toolCalls: [{ id: 'call_1', ...weather }] }), { tools }],
  'a mixed step': [worksThrough([count, weather]), { tools }],
  'a mixed step after text': [
    () => ({
      text: 'Let me look.',
      toolCalls: [
        { id: 'call_1', ...count },
        { id: 'call_2', ...weather },
      ],
    }),
    { tools },
  ],
  JSON: [
    (heard) => (heard.format === undefined ? worksThrough([count])(heard) : { text: '```json\n{"count": 1648}\n```' }),
    { response_format: { type: 'json_object' } },
  ],
  'an answer before a stop': [() => ({ text: 'one two three STOP four' }), { stop: 'STOP' }],
  'an answer that is cut': [() => ({ text: talkative }), { max_tokens: 20 }],
  'no answer': [() => ({ text: '' }), {}],
}

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)('who reads the bare wire, with %s behind the gateway,', (backendName) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  const post = async (body: object, key = 'any') => {
    const response = await stage.wire.fetch(`${stage.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  const askWhole = async (body: object, key?: string): Promise<Answer> => {
    const { status, headers, text } = await post(body, key)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^application\/json/)
    const { choices, usage } = JSON.parse(text)
    return { message: choices[0].message, finish: choices[0].finish_reason, usage }
  }

  const askStream = async (body: object): Promise<Answer> => {
    const { status, headers, text } = await post({ ...body, stream: true, stream_options: { include_usage: true } })
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    const events = readEvents(text)
    expect(events.at(-1)).toBe('[DONE]')
    const chunks = events.slice(0, -1).map((event) => JSON.parse(event))
    expect(new Set(chunks.map(({ id, object, created, model }) => [id, object, created, model].join())).size).toBe(1)
    const last = chunks.pop()
    expect(last).toMatchObject({
      object: 'chat.completion.chunk',
      choices: [],
      usage: { total_tokens: expect.any(Number) },
    })
    return { ...joinChoices(chunks.map(({ choices }) => choices)), usage: last.usage }
  }

  test.each(Object.entries(CASES))('finds the same in a stream as in a whole reply: %s', async (_, [play, body]) => {
    stage.play(play)
    const whole = await askWhole({ messages, ...body })
    const wholeUsage = stage.usage()
    stage.play(play)
    const streamed = await askStream({ messages, ...body })
    expect(withoutIds(streamed)).toEqual(withoutIds(whole))
    if (whole.finish === 'length') return // cut by the gateway, before the backend told what it cost
    expect(whole.usage).toMatchObject({
      prompt_tokens: wholeUsage.prompt,
      completion_tokens: wholeUsage.completion,
      total_tokens: wholeUsage.total,
    })
  })

  describe('who goes on by hand after a mixed step', () => {
    const step = [count, weather, time]
    /** The caller's own history, with the results of its calls in the order of `sort`. */
    const toHistory = ({ message }: Answer, sort: (results: object[]) => object[] = (results) => results) => {
      const results = (message.tool_calls ?? []).map(({ id, function: { name, arguments: args } }) => ({
        role: 'tool',
        tool_call_id: id,
        content: (name === 'time' ? toTime : toWeather)(JSON.parse(args)),
      }))
      return [...messages, { role: 'assistant', ...message }, ...sort(results)]
    }
    const lastTranscript = () => stage.heard().slice(-1).flatMap(toTranscript)
    const QUESTION = `user: ${messages[0]?.content}`
    const ALL = [QUESTION, called(...step), found('transaction_count'), found('weather'), found('time')]

    test.each([false, true])(
      'has the model see all results in call order, whatever order the caller has (stream: %s)',
      async (stream) => {
        const ask = stream ? askStream : askWhole
        stage.play(worksThrough(step))
        const first = await ask({ messages, tools })
        expect(first.finish).toBe('tool_calls')
        expect(first.message.tool_calls).toHaveLength(2)
        const second = await ask({ messages: toHistory(first, (results) => results.toReversed()), tools })
        expect(second.finish).toBe('stop')
        expect(lastTranscript()).toEqual(ALL)
      },
    )

    test('may ask again and again: the results are still there', async () => {
      stage.play(worksThrough(step))
      const first = await askWhole({ messages, tools })
      await askWhole({ messages: toHistory(first), tools })
      await askWhole({ messages: toHistory(first), tools })
      expect(lastTranscript()).toEqual(ALL)
      expect(stage.heard()).toHaveLength(3)
    })

    test('finds nothing that was kept for another caller, and is answered all the same', async () => {
      stage.play(worksThrough(step))
      const first = await askWhole({ messages, tools })
      stage.play(worksThrough([weather, time]))
      const second = await askWhole({ messages: toHistory(first), tools }, 'another')
      expect(second.finish).toBe('stop')
      expect(lastTranscript()).toEqual([QUESTION, called(weather, time), found('weather'), found('time')])
    })

    test('may leave the rest of the conversation out', async () => {
      stage.play(worksThrough(step))
      const first = await askWhole({
        messages: [{ role: 'user', content: 'hello' }, { role: 'assistant', content: 'Hello!' }, ...messages],
        tools,
      })
      await askWhole({ messages: toHistory(first), tools })
      expect(lastTranscript()).toEqual(ALL)
    })

    test('must answer all of its own calls, and no others', async () => {
      stage.play(worksThrough(step))
      const first = await askWhole({ messages, tools })
      const [one, two] = first.message.tool_calls ?? []
      const half = await post({ messages: toHistory(first, (results) => results.slice(0, 1)), tools })
      expect(half.status).toBe(400)
      expect(half.text).toContain(`did not have response messages: ${two?.id}`)
      expect(half.text).not.toContain(one?.id)
    })
  })

  test('is told of a failure in a whole reply by its status, and in a stream before its first byte too', async () => {
    stage.play(() => ({ status: 500, error: 'the runner died' }))
    for (const stream of [false, true]) {
      const { status, headers, text } = await post({ messages, stream })
      expect(status).toBe(502)
      expect(headers.get('content-type')).toMatch(/^application\/json/)
      expect(JSON.parse(text)).toMatchObject({ error: { code: 'model_backend_error', type: 'upstream_error' } })
    }
  })

  test('is told of a failure in mid-stream by a last event, and no [DONE]', async () => {
    stage.play(() => ({ text: Array.from({ length: 60 }, (_, i) => `word${i} `), cut: true }))
    const { text } = await post({ messages, stream: true })
    const events = readEvents(text)
    expect(events).not.toContain('[DONE]')
    expect(JSON.parse(events.at(-1) ?? '')).toMatchObject({ error: { code: 'model_backend_error' } })
  })
})

type Fragment = { index: number; id?: string; type?: string; function: { name?: string; arguments: string } }
type Choice = {
  index: number
  delta: { role?: string; content?: string; tool_calls?: Fragment[] }
  finish_reason: string | null
}

/** As a client without a library would do it: strictly by what the table of streams promises. */
function joinChoices(all: readonly Choice[][]): Pick<Answer, 'message' | 'finish'> {
  const calls: { id: string; type: string; function: { name: string; arguments: string } }[] = []
  let text = ''
  let finish = ''
  all.forEach((choices, place) => {
    expect(choices).toHaveLength(1)
    const [{ index, delta, finish_reason }] = choices as [Choice]
    expect(index).toBe(0)
    if (place === 0) expect(delta).toEqual({ role: 'assistant', content: '' })
    else expect(delta).not.toHaveProperty('role')
    expect(finish).toBe('')
    if (finish_reason !== null) expect(delta).toEqual({})
    finish = finish_reason ?? ''
    text += delta.content ?? ''
    for (const fragment of delta.tool_calls ?? []) {
      const { id, function: part } = fragment
      if (id !== undefined) {
        expect(fragment).toEqual({
          index: calls.length,
          id,
          type: 'function',
          function: { name: expect.any(String), arguments: '' },
        })
        calls.push({ id, type: 'function', function: { name: part.name ?? '', arguments: '' } })
      } else {
        expect(fragment).toEqual({ index: fragment.index, function: { arguments: expect.any(String) } })
        const call = calls[fragment.index]
        if (call === undefined) throw new Error('arguments of a call that has not begun')
        call.function.arguments += part.arguments
      }
    }
  })
  return {
    message: {
      content: text === '' && calls.length > 0 ? null : text,
      ...(calls.length > 0 && { tool_calls: calls }),
    },
    finish,
  }
}

const withoutIds = ({ message: { content, tool_calls }, finish, usage }: Answer) => ({
  content,
  calls: tool_calls?.map(({ function: call }) => call),
  finish,
  usage,
})
