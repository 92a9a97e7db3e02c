import {
  APICallError,
  generateText,
  type LanguageModel,
  type ModelMessage,
  stepCountIs,
  streamText,
  ToolLoopAgent,
  tool,
} from 'ai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { MODELS } from './ai-sdk-models.ts'
import { called, count, FOUND, found, sum, time, toTime, toWeather, weather, worksThrough } from './client-tools.ts'
import { toTranscript } from './heard.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'what is the weather in Bern?'
const City = z.object({ city: z.string() })
const tools = {
  weather: tool({ description: 'The weather of a city', inputSchema: City, execute: toWeather }),
  time: tool({ description: 'The time in a city', inputSchema: City, execute: toTime }),
}
const WORDS = Array.from({ length: 60 }, (_, i) => `word${i} `)

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(() => chain?.stop())

describe.each(BACKENDS)('the AI SDK, with %s behind the gateway,', (backendName) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  describe.each(Object.entries(MODELS))('over %s', (_, toModel) => {
    let model: LanguageModel

    beforeAll(() => {
      model = toModel(stage)
    })

    const usage = () => {
      const { prompt, completion, total } = stage.usage()
      return { inputTokens: prompt, outputTokens: completion, totalTokens: total }
    }
    const lastTranscript = () => stage.heard().slice(-1).flatMap(toTranscript)
    type Params = {
      prompt?: string
      messages?: ModelMessage[]
      toolChoice?: 'required' | { type: 'tool'; toolName: 'weather' }
      maxOutputTokens?: number
    }
    /** What generateText and streamText have in common. */
    const generate = async (stream: boolean, params: Params = {}, withTools: typeof tools | undefined = tools) => {
      const { messages, prompt = QUESTION, ...rest } = params
      const settings = {
        model,
        maxRetries: 0,
        stopWhen: stepCountIs(6),
        ...(messages === undefined ? { prompt } : { messages }),
        ...(withTools === undefined ? {} : { tools: withTools }),
        ...rest,
      }
      if (!stream) {
        const { text, finishReason, totalUsage, steps, response } = await generateText(settings)
        return { text, finishReason, totalUsage, steps, messages: response.messages }
      }
      const errors: unknown[] = []
      const result = streamText({ ...settings, onError: ({ error }) => void errors.push(error) })
      await result.consumeStream()
      if (errors.length > 0) throw errors[0]
      return {
        text: await result.text,
        finishReason: await result.finishReason,
        totalUsage: await result.totalUsage,
        steps: await result.steps,
        messages: (await result.response).messages,
      }
    }

    describe.each([false, true])('stream: %s', (stream) => {
      test('gets the answer alone after a round of server tools, and the usage of all steps', async () => {
        stage.play(worksThrough([count], [sum]))
        const result = await generate(stream, {}, undefined)
        expect(result.text).toBe(`${FOUND.transaction_count} ${FOUND.calculate}`)
        expect(result.finishReason).toBe('stop')
        expect(result.steps).toHaveLength(1)
        expect(result.totalUsage).toMatchObject(usage())
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count),
          found('transaction_count'),
          called(sum),
          found('calculate'),
        ])
      })

      test('runs its tools one after the other', async () => {
        stage.play(worksThrough([weather], [time]))
        const result = await generate(stream)
        expect(result.text).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(result.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'tool-calls', 'stop'])
        expect(result.steps.flatMap(({ toolCalls }) => toolCalls.map(({ toolName }) => toolName))).toEqual([
          'weather',
          'time',
        ])
        expect(result.totalUsage).toMatchObject(usage())
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(weather),
          found('weather'),
          called(time),
          found('time'),
        ])
      })

      test('runs two calls of one step', async () => {
        stage.play(worksThrough([weather, time]))
        const result = await generate(stream)
        expect(result.text).toBe(`${FOUND.weather} ${FOUND.time}`)
        expect(result.steps.map(({ toolCalls }) => toolCalls.length)).toEqual([2, 0])
        expect(lastTranscript()).toEqual([`user: ${QUESTION}`, called(weather, time), found('weather'), found('time')])
      })

      test('sees its own call alone of a mixed step, and the model both results', async () => {
        stage.play(worksThrough([count, weather]))
        const result = await generate(stream)
        expect(result.text).toBe(`${FOUND.transaction_count} ${FOUND.weather}`)
        expect(result.steps[0]?.toolCalls.map(({ toolName }) => toolName)).toEqual(['weather'])
        expect(result.totalUsage).toMatchObject(usage())
        expect(stage.heard()).toHaveLength(2)
        expect(lastTranscript()).toEqual([
          `user: ${QUESTION}`,
          called(count, weather),
          found('transaction_count'),
          found('weather'),
        ])
      })

      test('goes on with the conversation after a mixed step', async () => {
        stage.play(worksThrough([count, weather]))
        const { messages } = await generate(stream)
        stage.play(worksThrough([time]))
        const result = await generate(stream, {
          messages: [
            { role: 'user', content: QUESTION },
            ...messages,
            { role: 'user', content: 'and what time is it there?' },
          ],
        })
        expect(result.text).toBe(FOUND.time)
        expect(lastTranscript().slice(-3)).toEqual(['user: and what time is it there?', called(time), found('time')])
      })

      test.each(['required', { type: 'tool', toolName: 'weather' }] as const)(
        'a choice of %j is kept',
        async (toolChoice) => {
          stage.play(worksThrough([weather]))
          const { steps } = await generate(stream, { toolChoice }, {
            ...tools,
            weather: { ...tools.weather, execute: undefined },
          } as never)
          expect(steps.map(({ finishReason, toolCalls }) => [finishReason, toolCalls.length])).toEqual([
            ['tool-calls', 1],
          ])
        },
      )

      test('a call with wrong arguments is made again', async () => {
        let asked = 0
        const wrong = { name: 'weather', arguments: { city: { name: 'Bern' } } }
        stage.play(({ results }) => {
          if (++asked <= 2) return { toolCalls: [{ id: `call_w${asked}`, ...(asked === 1 ? wrong : weather) }] }
          return { text: results.weather?.at(-1) ?? '' }
        })
        const { text } = await generate(stream)
        expect(text).toBe(FOUND.weather)
        expect(asked).toBe(3)
      })

      test('the answer ends at maxOutputTokens', async () => {
        stage.play(() => ({ text: WORDS }))
        const { finishReason, text } = await generate(stream, { maxOutputTokens: 16 }, undefined)
        expect(finishReason).toBe('length')
        expect(text).toMatch(/^word0 /)
        expect(text).not.toContain('word59')
      })

      test('a backend that is down is an error, and nothing else', async () => {
        stage.play(() => ({ status: 500, error: 'the runner died' }))
        await expect(generate(stream)).rejects.toThrow(/operator/)
      })
    })

    test('a ToolLoopAgent runs its tools beside those of the gateway', async () => {
      stage.play(worksThrough([count, weather], [time], [sum]))
      const agent = new ToolLoopAgent({ model, tools, instructions: 'Be brief.', maxRetries: 0 })
      const { text } = await agent.generate({ prompt: QUESTION })
      for (const found of Object.values(FOUND)) expect(text).toContain(found)
      expect(stage.heard()[0]?.messages[0]?.text).toContain('Be brief.')
    })

    test('a stream that breaks off is an error, not an end', async () => {
      stage.play(() => ({ text: WORDS, cut: true }))
      await expect(generate(true, {}, undefined)).rejects.toThrow(/broke off/)
    })

    test('aborting a stream stops the model', async () => {
      stage.play(() => ({ text: WORDS, thenHang: true }))
      const leave = new AbortController()
      const result = streamText({
        model,
        prompt: QUESTION,
        abortSignal: leave.signal,
        maxRetries: 0,
        onError: () => undefined,
      })
      for await (const _ of result.textStream) {
        leave.abort()
        break
      }
      await expect.poll(() => stage.backend.openRequests).toBe(0)
    })

    test('an image is refused by its place', async () => {
      stage.play(() => ({ text: 'A cat.' }))
      const content = [
        { type: 'text' as const, text: 'what is this?' },
        { type: 'file' as const, data: new Uint8Array([137, 80, 78, 71]), mediaType: 'image/png' },
      ]
      const error = await generate(false, { messages: [{ role: 'user', content }] }, undefined).catch((e) => e)
      expect(APICallError.isInstance(error)).toBe(true)
      expect(error).toMatchObject({ statusCode: 400, message: expect.stringContaining('[0].content[1]') })
      expect(stage.heard()).toHaveLength(0)
    })
  })

  // The Responses API has no stop.
  test.each(['createOpenAICompatible()', 'createOpenAI().chat()'] as const)(
    'stopSequences end the answer before them, over %s',
    async (name) => {
      stage.play(() => ({ text: 'one two three STOP four' }))
      const { text, finishReason } = await generateText({
        model: MODELS[name](stage),
        prompt: QUESTION,
        stopSequences: ['STOP'],
      })
      expect(text.trim()).toBe('one two three')
      expect(finishReason).toBe('stop')
    },
  )

  test('createOpenAI() runs its tools with nothing stored', async () => {
    stage.play(worksThrough([count, weather], [time]))
    const { text } = await generateText({
      model: MODELS['createOpenAI()'](stage),
      tools,
      stopWhen: stepCountIs(6),
      prompt: QUESTION,
      maxRetries: 0,
      providerOptions: { openai: { store: false } },
    })
    expect(text).toBe(`${FOUND.transaction_count} ${FOUND.weather} ${FOUND.time}`)
    expect(stage.heard()).toHaveLength(3)
  })
})
