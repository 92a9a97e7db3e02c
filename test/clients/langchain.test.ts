import {
  type AIMessage,
  type AIMessageChunk,
  type BaseMessage,
  HumanMessage,
  ToolMessage,
} from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { createAgent, providerStrategy, tool, toolStrategy } from 'langchain'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { called, count, FOUND, found, sum, time, toTime, toWeather, weather, worksThrough } from './client-tools.ts'
import { toTranscript } from './heard.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'what is the weather in Bern?'
const schema = z.object({ city: z.string() })
const tools = [
  tool(toWeather, { name: 'weather', description: 'The weather of a city', schema }),
  tool(toTime, { name: 'time', description: 'The time in a city', schema }),
]
const Answer = z.object({ transactions: z.number(), who: z.string() })
const ANSWER = { transactions: 1648, who: 'vitalik.eth' }
const WORDS = Array.from({ length: 60 }, (_, i) => `word${i} `)

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)("LangChain's ChatOpenAI, with %s behind the gateway,", (backendName) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  describe.each([
    ['chat completions', false],
    ['the Responses API', true],
  ])('over %s', (_, useResponsesApi) => {
    const openChat = (fields: ConstructorParameters<typeof ChatOpenAI>[0] = {}) =>
      new ChatOpenAI({
        model: 'operator',
        apiKey: 'any',
        maxRetries: 0,
        useResponsesApi,
        configuration: { baseURL: stage.baseURL, fetch: stage.wire.fetch },
        ...(fields as object),
      })
    const usage = () => {
      const { prompt, completion, total } = stage.usage()
      return { input_tokens: prompt, output_tokens: completion, total_tokens: total }
    }
    const lastTranscript = () => stage.heard().slice(-1).flatMap(toTranscript)
    type Chat = {
      invoke(messages: BaseMessage[]): Promise<AIMessage>
      stream(messages: BaseMessage[]): Promise<AsyncIterable<AIMessageChunk>>
    }
    const ask = async (chat: Chat, messages: BaseMessage[], stream: boolean): Promise<AIMessage> => {
      if (!stream) return chat.invoke(messages)
      let whole: AIMessageChunk | undefined
      for await (const chunk of await chat.stream(messages)) whole = whole?.concat(chunk) ?? chunk
      if (whole === undefined) throw new Error('the stream is empty')
      return whole
    }
    /** Calls and runs the tools until there is an answer, as a program would do it by hand. */
    const converse = async (stream: boolean, messages: BaseMessage[] = [new HumanMessage(QUESTION)]) => {
      const chat = openChat().bindTools(tools)
      const called: string[][] = []
      for (;;) {
        const message = await ask(chat, messages, stream)
        messages = [...messages, message]
        const calls = message.tool_calls ?? []
        if (calls.length === 0) return { message, messages, called }
        called.push(calls.map(({ name }) => name))
        for (const { name, args, id = '' } of calls) {
          const run = name === 'time' ? toTime : toWeather
          messages.push(new ToolMessage({ content: run(args as { city: string }), tool_call_id: id, name }))
        }
      }
    }

    describe.each([false, true])('stream: %s', (stream) => {
      test('gets the answer alone after two rounds of server tools, and the usage of all steps', async () => {
        stage.play(worksThrough([count], [sum]))
        const message = await ask(openChat(), [new HumanMessage(QUESTION)], stream)
        expect(message.text).toBe(`${FOUND.transaction_count} ${FOUND.calculate}`)
        expect(message.tool_calls ?? []).toEqual([])
        expect(message.usage_metadata).toMatchObject(usage())
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count),
          found('transaction_count'),
          called(sum),
          found('calculate'),
        ])
      })

      test('has its tools called one after the other', async () => {
        stage.play(worksThrough([weather], [time]))
        const conversation = await converse(stream)
        expect(conversation.message.text).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(conversation.called).toEqual([['weather'], ['time']])
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(weather),
          found('weather'),
          called(time),
          found('time'),
        ])
      })

      test('is handed two calls of one step', async () => {
        stage.play(worksThrough([weather, time]))
        const conversation = await converse(stream)
        expect(conversation.message.text).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(conversation.called).toEqual([['weather', 'time']])
      })

      test('is handed its own call alone of a mixed step, and the model sees both results, then and later', async () => {
        stage.play(worksThrough([count, weather]))
        const conversation = await converse(stream)
        expect(conversation.message.text).toBe(`${FOUND.transaction_count} ${FOUND.weather}`)
        expect(conversation.called).toEqual([['weather']])
        expect(stage.heard()).toHaveLength(2)
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count, weather),
          found('transaction_count'),
          found('weather'),
        ])
        stage.play(worksThrough([time]))
        const later = await converse(stream, [...conversation.messages, new HumanMessage('and the time?')])
        expect(later.message.text).toBe(FOUND.time)
        expect(lastTranscript().slice(-3)).toEqual(['user: and the time?', called(time), found('time')])
      })

      test.each(['required', 'weather'])('a choice of %s is kept', async (tool_choice) => {
        stage.play(worksThrough([weather]))
        const chat = openChat().bindTools(tools, { tool_choice })
        const { tool_calls } = await ask(chat, [new HumanMessage(QUESTION)], stream)
        expect(tool_calls).toMatchObject([{ name: 'weather', args: { city: 'Bern' } }])
      })

      test('the answer ends at maxTokens', async () => {
        stage.play(() => ({ text: WORDS }))
        const message = await ask(openChat({ maxTokens: 16 }), [new HumanMessage(QUESTION)], stream)
        expect(message.text).toMatch(/^word0 /)
        expect(message.text).not.toContain('word59')
        expect(JSON.stringify(message.response_metadata)).toMatch(/length|max_output_tokens/)
      })
    })

    test('a call streams in chunks, of which one has its name and all together its arguments', async () => {
      const city = `Zürich ${'né'.repeat(300)}`
      stage.play(worksThrough([{ name: 'weather', arguments: { city } }]))
      const chunks: NonNullable<AIMessageChunk['tool_call_chunks']> = []
      for await (const chunk of await openChat().bindTools(tools).stream(QUESTION)) {
        chunks.push(...(chunk.tool_call_chunks ?? []))
      }
      expect(chunks.flatMap(({ name }) => name ?? [])).toEqual(['weather'])
      expect(JSON.parse(chunks.map(({ args }) => args ?? '').join(''))).toEqual({ city })
      expect(chunks.length).toBeGreaterThan(1)
    })

    test.each(['jsonSchema', 'jsonMode'] as const)(
      'withStructuredOutput by %s gets an object that fits',
      async (method) => {
        stage.play((heard) =>
          heard.format === undefined ? worksThrough([count])(heard) : { text: JSON.stringify(ANSWER) },
        )
        const chat = openChat().withStructuredOutput(Answer, { method, name: 'answer' })
        expect(await chat.invoke(QUESTION)).toEqual(ANSWER)
        expect(stage.heard().at(-1)?.results).toHaveProperty('transaction_count', [FOUND.transaction_count])
      },
    )

    test('withStructuredOutput by functionCalling gets an object that fits', async () => {
      stage.play(worksThrough([count], [{ name: 'answer', arguments: ANSWER }]))
      const chat = openChat().withStructuredOutput(Answer, { method: 'functionCalling', name: 'answer' })
      expect(await chat.invoke(QUESTION)).toEqual(ANSWER)
    })

    test('withStructuredOutput throws where the model writes no JSON', async () => {
      stage.play(() => ({ text: 'I would rather write prose.' }))
      const chat = openChat().withStructuredOutput(Answer, { method: 'jsonSchema', name: 'answer' })
      await expect(chat.invoke(QUESTION)).rejects.toThrow(/502/)
    })

    test('a stream that breaks off is an error, not an end', async () => {
      stage.play(() => ({ text: WORDS, cut: true }))
      await expect(ask(openChat(), [new HumanMessage(QUESTION)], true)).rejects.toThrow(/broke off/)
    })

    test('aborting stops the model', async () => {
      stage.play(() => ({ text: WORDS, thenHang: true }))
      const leave = new AbortController()
      const read = async () => {
        for await (const _ of await openChat().stream(QUESTION, { signal: leave.signal })) leave.abort()
      }
      await read().catch(() => undefined)
      await expect.poll(() => stage.backend.openRequests).toBe(0)
    })

    test("createAgent runs its tools beside the gateway's", async () => {
      stage.play(worksThrough([count, weather], [time], [sum]))
      const agent = createAgent({ model: openChat(), tools })
      const { messages } = await agent.invoke({ messages: [new HumanMessage(QUESTION)] })
      for (const text of Object.values(FOUND)) expect(messages.at(-1)?.text).toContain(text)
      expect(messages.filter((message) => ToolMessage.isInstance(message)).map(({ name }) => name)).toEqual([
        'weather',
        'time',
      ])
    })

    test.each([
      ['a call', (model: ChatOpenAI) => createAgent({ model, tools, responseFormat: toolStrategy(Answer) })],
      ['the answer', (model: ChatOpenAI) => createAgent({ model, tools, responseFormat: providerStrategy(Answer) })],
    ])('createAgent gets an object that fits as %s', async (_, toAgent) => {
      stage.play((heard) => {
        const extract = heard.tools.find((name) => /extract/i.test(name))
        if (heard.results.weather === undefined) return worksThrough([weather])(heard)
        return extract === undefined
          ? { text: heard.format === undefined ? 'It has sent 1648.' : JSON.stringify(ANSWER) }
          : worksThrough([weather], [{ name: extract, arguments: ANSWER }])(heard)
      })
      const { structuredResponse } = await toAgent(openChat()).invoke({ messages: [new HumanMessage(QUESTION)] })
      expect(structuredResponse).toEqual(ANSWER)
    })
  })

  // The Responses API has no stop.
  test('the answer ends before a stop', async () => {
    stage.play(() => ({ text: 'one two three STOP four' }))
    const chat = new ChatOpenAI({
      model: 'operator',
      apiKey: 'any',
      stop: ['STOP'],
      configuration: { baseURL: stage.baseURL, fetch: stage.wire.fetch },
    })
    expect((await chat.invoke(QUESTION)).text.trim()).toBe('one two three')
  })
})
