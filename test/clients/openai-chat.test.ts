import OpenAI from 'openai'
import { zodResponseFormat } from 'openai/helpers/zod'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { toTranscript } from './heard.ts'
import { modelThatCalls } from './model-that-calls.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'
import { readEvents } from './wire-record.ts'

const QUESTION = 'how many transactions has vitalik.eth sent, and what does it hold?'
const messages = [{ role: 'user' as const, content: QUESTION }]
const ask = { model: 'operator', messages }

/** Two rounds of the gateway's tools, then an answer made of what they found. */
const grounded = modelThatCalls(
  [
    [{ name: 'transaction_count', arguments: { address: 'vitalik.eth', chain: 'ethereum' } }],
    [{ name: 'balance', arguments: { addresses: ['vitalik.eth'] } }],
  ],
  ({ transaction_count = [], balance = [] }) =>
    `${[...transaction_count, ...balance].join(' ')} ${'More. '.repeat(40)}`,
)
const GROUNDED = /^vitalik\.eth has sent 1,648 transactions on ethereum.*vitalik\.eth.* holds 3,?412\.75 ETH/s
const says = (text: string) => () => ({ text })

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)('the openai SDK, with %s behind the gateway,', (backendName) => {
  let stage: Stage
  let client: OpenAI

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
    client = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch })
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  /** As the SDK spells it. */
  const usage = () => {
    const { prompt, completion, total } = stage.usage()
    return { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total }
  }

  describe('after two rounds of server tools', () => {
    test('gets the answer alone, and the usage of all steps', async () => {
      stage.play(grounded)
      const completion = await client.chat.completions.create(ask)
      expect(completion.choices).toHaveLength(1)
      expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
      expect(completion.choices[0]?.message.content).toMatch(GROUNDED)
      expect(completion.choices[0]?.message).not.toHaveProperty('tool_calls')
      expect(completion.model).toBe('operator')
      expect(completion.usage).toMatchObject(usage())
    })

    test('streams the same answer, under one id, with the usage last', async () => {
      stage.play(grounded)
      const whole = await client.chat.completions.create(ask)
      stage.play(grounded)
      const stream = await client.chat.completions.create({
        ...ask,
        stream: true,
        stream_options: { include_usage: true },
      })
      const chunks: OpenAI.ChatCompletionChunk[] = []
      for await (const chunk of stream) chunks.push(chunk)
      const choices = chunks.flatMap((chunk) => chunk.choices)
      expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe(whole.choices[0]?.message.content)
      expect(choices.filter(({ delta }) => delta.role === 'assistant')).toEqual([choices[0]])
      expect(choices.flatMap(({ finish_reason }) => finish_reason ?? [])).toEqual(['stop'])
      expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1)
      expect(chunks.at(-1)).toMatchObject({ choices: [], usage: usage() })
      expect(chunks.slice(0, -1).every((chunk) => chunk.usage === null)).toBe(true)
    })

    test('.stream() tells the text as it comes, and ends in the whole completion', async () => {
      stage.play(grounded)
      const told: string[] = []
      const stream = client.chat.completions
        .stream({ ...ask, stream_options: { include_usage: true } })
        .on('content', (delta) => told.push(delta))
      const { choices, usage: used } = await stream.finalChatCompletion()
      expect(choices[0]).toMatchObject({ finish_reason: 'stop' })
      expect(choices[0]?.message.content).toMatch(GROUNDED)
      expect(told.length).toBeGreaterThan(1)
      expect(told.join('')).toBe(choices[0]?.message.content)
      expect(used).toMatchObject(usage())
    })

    test('a stream that did not ask for usage has none', async () => {
      stage.play(grounded)
      const completion = await client.chat.completions.stream(ask).finalChatCompletion()
      expect(completion.choices[0]?.message.content).toMatch(GROUNDED)
      expect(completion.usage).toBeUndefined()
      expect(readEvents(stage.wire.exchanges[0]?.text ?? '').filter((event) => event.includes('usage'))).toEqual([])
    })

    test('the model saw the question, the calls and their results in order, and nothing twice', async () => {
      stage.play(grounded)
      await client.chat.completions.create(ask)
      const [first, second, third] = stage.heard()
      expect(stage.heard()).toHaveLength(3)
      expect(third && toTranscript(third)).toEqual([
        `user: ${QUESTION}`,
        'assistant → transaction_count({"address":"vitalik.eth","chain":"ethereum"})',
        expect.stringMatching(/^transaction_count: .*1,648/),
        'assistant → balance({"addresses":["vitalik.eth"]})',
        expect.stringMatching(/^balance: .*ETH/),
      ])
      expect(third?.messages.slice(0, 4)).toEqual(second?.messages)
      expect(third?.messages[0]).toEqual(first?.messages[0])
      expect(third?.tools).toEqual(first?.tools)
    })
  })

  describe('asking for JSON', () => {
    const Answer = z.object({ transactions: z.number(), who: z.string() })
    const response_format = zodResponseFormat(Answer, 'answer')
    /** Calls a tool, and writes JSON where it is told to. */
    const writesJson = (json: string) =>
      modelThatCalls([[{ name: 'transaction_count', arguments: { address: 'vitalik.eth' } }]], (_, { format }) =>
        format === undefined ? 'It has sent 1648.' : json,
      )

    test('.parse() gets what it asked for, made of what a server tool found', async () => {
      stage.play(writesJson('{"transactions": 1648, "who": "vitalik.eth"}'))
      const completion = await client.chat.completions.parse({ ...ask, response_format })
      expect(completion.choices[0]?.message.parsed).toEqual({ transactions: 1648, who: 'vitalik.eth' })
      expect(completion.choices[0]?.finish_reason).toBe('stop')
      expect(completion.usage).toMatchObject(usage())
      const last = stage.heard().at(-1)
      expect(last?.results).toHaveProperty('transaction_count', [expect.stringContaining('1,648')])
      expect(last?.tools).toEqual([])
    })

    test('.stream() with a schema ends in the parsed answer', async () => {
      stage.play(writesJson('{"transactions": 1648, "who": "vitalik.eth"}'))
      const stream = client.chat.completions.stream({ ...ask, response_format })
      const completion = await stream.finalChatCompletion()
      expect(completion.choices[0]?.message.parsed).toEqual({ transactions: 1648, who: 'vitalik.eth' })
    })

    test('a schema that refers to itself is kept too', async () => {
      type Tree = { name: string; children: Tree[] }
      const Tree: z.ZodType<Tree> = z.object({ name: z.string(), children: z.lazy(() => Tree.array()) })
      const tree = { name: 'root', children: [{ name: 'leaf', children: [] }] }
      let tries = 0
      stage.play(({ format }) => {
        if (format === undefined) return { text: 'A root and a leaf.' }
        return { text: JSON.stringify(++tries === 1 ? { ...tree, children: [{ name: 'leaf' }] } : tree) }
      })
      const completion = await client.chat.completions.parse({
        ...ask,
        response_format: zodResponseFormat(Tree, 'tree'),
      })
      expect(completion.choices[0]?.message.parsed).toEqual(tree)
      expect(tries).toBe(2)
    })

    test.each(['json_object', 'json_schema'] as const)(
      'what the model wraps in a code fence arrives as bare JSON (%s)',
      async (type) => {
        stage.play(writesJson('```json\n{"transactions": 1648, "who": "vitalik.eth"}\n```'))
        const completion = await client.chat.completions.create({
          ...ask,
          response_format: type === 'json_schema' ? response_format : { type },
        })
        expect(JSON.parse(completion.choices[0]?.message.content ?? '')).toEqual({
          transactions: 1648,
          who: 'vitalik.eth',
        })
      },
    )

    test.each([
      ['misses the schema', '{"transactions": "many"}'],
      ['is no JSON', 'It has sent many.'],
    ])('what %s is repaired once', async (_, wrong) => {
      let tries = 0
      stage.play((heard) => {
        if (heard.format === undefined) return { text: 'It has sent 1648.' }
        return { text: ++tries === 1 ? wrong : '{"transactions": 1648, "who": "vitalik.eth"}' }
      })
      const completion = await client.chat.completions.parse({ ...ask, response_format })
      expect(completion.choices[0]?.message.parsed).toEqual({ transactions: 1648, who: 'vitalik.eth' })
      expect(tries).toBe(2)
      expect(completion.usage).toMatchObject(usage())
    })

    test.each([false, true])('what stays no JSON is an error and never an answer (stream: %s)', async (stream) => {
      stage.play(says('I would rather write prose.'))
      const once = client.withOptions({ maxRetries: 0 })
      const asked = stream
        ? once.chat.completions.stream({ ...ask, response_format }).finalChatCompletion()
        : once.chat.completions.create({ ...ask, response_format })
      await expect(asked).rejects.toThrow(OpenAI.APIError)
      expect(stage.wire.exchanges[0]?.text).not.toContain('prose')
    })

    test('JSON that max_tokens cut is refused with the way out', async () => {
      stage.play(({ format }) =>
        format === undefined ? { text: 'It has sent 1648.' } : { text: '{"transactions": 16', finish: 'length' },
      )
      const error = await client.chat.completions.create({ ...ask, response_format, max_tokens: 5 }).catch((e) => e)
      expect(error).toBeInstanceOf(OpenAI.BadRequestError)
      expect(error).toMatchObject({ param: 'max_tokens', message: expect.stringContaining('higher max_tokens') })
      expect(stage.wire.exchanges).toHaveLength(1)
    })
  })

  describe('setting limits', () => {
    const lines = says('one two three STOP four five')

    test.each([false, true])('stop ends the answer before the words it names (stream: %s)', async (stream) => {
      stage.play(lines)
      const params = { ...ask, stop: ['STOP'] }
      const completion = stream
        ? await client.chat.completions.stream(params).finalChatCompletion()
        : await client.chat.completions.create(params)
      expect(completion.choices[0]?.message.content?.trim()).toBe('one two three')
      expect(completion.choices[0]?.finish_reason).toBe('stop')
      expect(stage.wire.exchanges[0]?.text).not.toContain('STOP')
    })

    test.each([false, true])('max_tokens cuts the answer, not the calls before it (stream: %s)', async (stream) => {
      stage.play(
        modelThatCalls([[{ name: 'transaction_count', arguments: { address: 'vitalik.eth' } }]], () =>
          Array.from({ length: 200 }, (_, i) => `word${i}`).join(' '),
        ),
      )
      const params = { ...ask, max_tokens: 8 }
      const completion = stream
        ? await client.chat.completions.stream(params).finalChatCompletion()
        : await client.chat.completions.create(params)
      expect(completion.choices[0]?.finish_reason).toBe('length')
      expect(completion.choices[0]?.message.content).toMatch(/^word0\b/)
      expect(completion.choices[0]?.message.content).not.toContain('word100')
      expect(stage.heard().at(-1)?.results).toHaveProperty('transaction_count')
    })
  })

  test('leaving a stream stops the model', async () => {
    stage.play(() => ({ text: Array.from({ length: 60 }, (_, i) => `word${i} `), thenHang: true }))
    const stream = await client.chat.completions.create({ ...ask, stream: true })
    for await (const { choices } of stream) if (choices[0]?.delta.content) break
    await expect.poll(() => stage.backend.openRequests).toBe(0)
  })

  test('aborting a whole completion stops the model, and is not tried again', async () => {
    stage.play(() => ({ hang: true }))
    const leave = new AbortController()
    const asked = client.chat.completions.create(ask, { signal: leave.signal })
    const refused = expect(asked).rejects.toThrow(OpenAI.APIUserAbortError)
    await expect.poll(() => stage.backend.openRequests).toBe(1)
    leave.abort()
    await refused
    await expect.poll(() => stage.backend.openRequests).toBe(0)
    expect(stage.heard()).toHaveLength(1)
  })

  test('tries again where the backend was busy, and then gets its answer', async () => {
    let tries = 0
    stage.play(() => (++tries === 1 ? { status: 503, error: 'server busy, please try again.' } : { text: 'hello' }))
    const impatient: typeof fetch = async (...request) => {
      const response = await stage.wire.fetch(...request)
      const headers = new Headers(response.headers)
      if (headers.has('retry-after')) headers.set('retry-after-ms', '1')
      return new Response(response.body, { status: response.status, headers })
    }
    const completion = await client.withOptions({ fetch: impatient }).chat.completions.create(ask)
    expect(completion.choices[0]?.message.content).toBe('hello')
    expect(stage.wire.exchanges.map(({ status }) => status)).toEqual([503, 200])
  })
})
