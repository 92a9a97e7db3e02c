import { Agent, type AgentInputItem, OpenAIProvider, Runner, tool } from '@openai/agents'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { called, count, FOUND, found, sum, time, toTime, toWeather, weather, worksThrough } from './client-tools.ts'
import { toTranscript } from './heard.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'what is the weather in Bern?'
const parameters = z.object({ city: z.string() })
const tools = [
  tool({ name: 'weather', description: 'The weather of a city', parameters, execute: async (args) => toWeather(args) }),
  tool({ name: 'time', description: 'The time in a city', parameters, execute: async (args) => toTime(args) }),
]
const Answer = z.object({ transactions: z.number(), who: z.string() })
const ANSWER = { transactions: 1648, who: 'vitalik.eth' }

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)('an agent of @openai/agents, with %s behind the gateway,', (backendName) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  describe.each([
    ['the Responses API', true],
    ['chat completions', false],
  ])('over %s', (_, useResponses) => {
    const openRunner = () => {
      const openAIClient = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch, maxRetries: 0 })
      const modelProvider = new OpenAIProvider({ openAIClient: openAIClient as never, useResponses })
      return new Runner({ modelProvider, tracingDisabled: true })
    }
    const agent = new Agent({ name: 'helper', instructions: 'Be brief.', model: 'operator', tools })
    const run = async (
      stream: boolean,
      input: string | AgentInputItem[] = QUESTION,
      starting: Agent<unknown, 'text'> = agent,
    ) => {
      if (!stream) {
        const { finalOutput, history, rawResponses, lastAgent } = await openRunner().run(starting, input)
        return { finalOutput, history, rawResponses, lastAgent, streamed: undefined }
      }
      const result = await openRunner().run(starting, input, { stream: true })
      let streamed = ''
      for await (const event of result) {
        if (event.type === 'raw_model_stream_event' && event.data.type === 'output_text_delta')
          streamed += event.data.delta
      }
      await result.completed
      const { finalOutput, history, rawResponses, lastAgent } = result
      return { finalOutput, history, rawResponses, lastAgent, streamed }
    }
    const lastTranscript = () => stage.heard().slice(-1).flatMap(toTranscript)

    describe.each([false, true])('stream: %s', (stream) => {
      test('answers with what server tools found, and the usage of all steps', async () => {
        stage.play(worksThrough([count], [sum]))
        const { finalOutput, rawResponses, streamed } = await run(stream)
        expect(finalOutput).toBe(`${FOUND.transaction_count} ${FOUND.calculate}`)
        if (stream) expect(streamed).toBe(finalOutput)
        expect(rawResponses).toHaveLength(1)
        const { prompt, completion, total } = stage.usage()
        expect(rawResponses[0]?.usage).toMatchObject({
          inputTokens: prompt,
          outputTokens: completion,
          totalTokens: total,
        })
        expect(stage.heard()[0]?.messages[0]?.text).toContain('Be brief.')
      })

      test('runs its tools, one after the other', async () => {
        stage.play(worksThrough([weather], [time]))
        const { finalOutput } = await run(stream)
        expect(finalOutput).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(weather),
          found('weather'),
          called(time),
          found('time'),
        ])
      })

      test('runs two calls of one turn', async () => {
        stage.play(worksThrough([weather, time]))
        const { finalOutput } = await run(stream)
        expect(finalOutput).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(lastTranscript()).toEqual([`user: ${QUESTION}`, called(weather, time), found('weather'), found('time')])
      })

      test('runs its own call alone of a mixed step, and the model sees both results, then and later', async () => {
        stage.play(worksThrough([count, weather]))
        const { finalOutput, history } = await run(stream)
        expect(finalOutput).toBe(`${FOUND.transaction_count} ${FOUND.weather}`)
        expect(stage.heard()).toHaveLength(2)
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count, weather),
          found('transaction_count'),
          found('weather'),
        ])
        stage.play(worksThrough([time]))
        const later = await run(stream, [...history, { role: 'user', content: 'and the time?' }])
        expect(later.finalOutput).toBe(FOUND.time)
        expect(lastTranscript().slice(-3)).toEqual(['user: and the time?', called(time), found('time')])
      })

      test('hands over to another agent', async () => {
        stage.play((heard) =>
          heard.tools.includes('transfer_to_helper')
            ? { toolCalls: [{ id: 'call_h1', name: 'transfer_to_helper', arguments: {} }] }
            : worksThrough([weather])(heard),
        )
        const triage = Agent.create({
          name: 'triage',
          instructions: 'Hand over.',
          model: 'operator',
          handoffs: [agent],
        })
        const { finalOutput, lastAgent } = await run(stream, QUESTION, triage as Agent<unknown, 'text'>)
        expect(finalOutput).toContain(FOUND.weather)
        expect(lastAgent?.name).toBe('helper')
      })
    })

    test('a stream that breaks off is an error, not an end', async () => {
      stage.play(() => ({ text: Array.from({ length: 60 }, (_, i) => `word${i} `), cut: true }))
      await expect(run(true)).rejects.toThrow(/broke off/)
    })

    test('an output type is kept, beside tools', async () => {
      stage.play((heard) =>
        heard.format === undefined ? worksThrough([count, weather])(heard) : { text: JSON.stringify(ANSWER) },
      )
      const typed = new Agent({
        name: 'typed',
        instructions: 'Be exact.',
        model: 'operator',
        tools,
        outputType: Answer,
      })
      const { finalOutput } = await openRunner().run(typed, QUESTION)
      expect(finalOutput).toEqual(ANSWER)
      expect(stage.heard().at(-1)?.results).toEqual({
        transaction_count: [FOUND.transaction_count],
        weather: [FOUND.weather],
      })
    })

    test('a required tool is called first', async () => {
      let asked = 0
      stage.play((heard) => (++asked === 1 ? { text: 'No need to look.' } : worksThrough([weather])(heard)))
      const eager = agent.clone({ modelSettings: { toolChoice: 'required' } })
      const { finalOutput } = await openRunner().run(eager, QUESTION)
      expect(finalOutput).toBe(FOUND.weather)
    })
  })

  test('a conversation goes on over previousResponseId', async () => {
    const client = new OpenAI({ baseURL: stage.baseURL, apiKey: 'any', fetch: stage.wire.fetch, maxRetries: 0 })
    const runner = new Runner({
      modelProvider: new OpenAIProvider({ openAIClient: client as never, useResponses: true }),
      tracingDisabled: true,
    })
    const agent = new Agent({ name: 'helper', instructions: 'Be brief.', model: 'operator', tools })
    stage.play(worksThrough([weather]))
    const first = await runner.run(agent, QUESTION)
    stage.play(worksThrough([time]))
    const second = await runner.run(agent, 'and the time?', { previousResponseId: first.lastResponseId ?? '' })
    expect(second.finalOutput).toBe(FOUND.time)
    expect(stage.heard().slice(-1).flatMap(toTranscript)).toEqual([
      `user: ${QUESTION}`,
      called(weather),
      found('weather'),
      `assistant: ${FOUND.weather}`,
      'user: and the time?',
      called(time),
      found('time'),
    ])
  })
})
