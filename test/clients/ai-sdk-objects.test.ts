import {
  APICallError,
  generateObject,
  generateText,
  type LanguageModel,
  Output,
  stepCountIs,
  streamObject,
  tool,
} from 'ai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { DevChain } from '../../devchain/start.ts'
import { devChainEnv } from '../support/whole-gateway.ts'
import { OBJECT_MODELS } from './ai-sdk-models.ts'
import { count, FOUND, toWeather, weather, worksThrough } from './client-tools.ts'
import type { Play } from './model-that-calls.ts'
import { BACKENDS, openStage, type Stage } from './stage.ts'

const QUESTION = 'how many transactions has vitalik.eth sent?'
const tools = { weather: tool({ inputSchema: z.object({ city: z.string() }), execute: toWeather }) }
const Answer = z.object({ transactions: z.number(), who: z.string() })
const ANSWER = { transactions: 1648, who: 'vitalik.eth' }

/** A model that calls what `play` calls, and writes JSON where it is told to. */
const writesJson =
  (play: Play, json: unknown = ANSWER): Play =>
  (heard) =>
    heard.format === undefined ? play(heard) : { text: JSON.stringify(json) }

let chain: DevChain
let chainEnv: Record<string, string>

beforeAll(async () => {
  vi.stubGlobal('AI_SDK_LOG_WARNINGS', false) // a schema that is not sent is what these specs are about
  ;({ chain, env: chainEnv } = await devChainEnv([1]))
})
afterAll(async () => {
  vi.unstubAllGlobals()
  await chain?.stop()
})

describe.each(BACKENDS)('the AI SDK asking for objects, with %s behind the gateway,', (backendName) => {
  let stage: Stage

  beforeAll(async () => {
    stage = await openStage(backendName, chainEnv)
  })
  afterEach(() => stage.checkManners())
  afterAll(() => stage?.close())

  describe.each(Object.entries(OBJECT_MODELS))('over %s', (_, toModel) => {
    let model: LanguageModel

    beforeAll(() => {
      model = toModel(stage)
    })

    test('generateObject gets an object that fits, made of what a server tool found', async () => {
      stage.play(writesJson(worksThrough([count])))
      const result = await generateObject({ model, schema: Answer, prompt: QUESTION, maxRetries: 0 })
      expect(result.object).toEqual(ANSWER)
      expect(result.finishReason).toBe('stop')
      const { prompt, completion, total } = stage.usage()
      expect(result.usage).toMatchObject({ inputTokens: prompt, outputTokens: completion, totalTokens: total })
      expect(stage.heard().at(-1)?.results).toHaveProperty('transaction_count', [FOUND.transaction_count])
    })

    test('streamObject ends in the same object', async () => {
      stage.play(writesJson(worksThrough([count])))
      const result = streamObject({ model, schema: Answer, prompt: QUESTION, maxRetries: 0 })
      const parts: unknown[] = []
      for await (const part of result.partialObjectStream) parts.push(part)
      expect(await result.object).toEqual(ANSWER)
      expect(parts.at(-1)).toEqual(ANSWER)
    })

    test('Output.object beside tools of its own forms the answer, not the calls', async () => {
      stage.play(writesJson(worksThrough([count, weather])))
      const { output, steps } = await generateText({
        model,
        tools,
        output: Output.object({ schema: Answer }),
        stopWhen: stepCountIs(4),
        prompt: QUESTION,
        maxRetries: 0,
      })
      expect(output).toEqual(ANSWER)
      expect(steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop'])
      expect(stage.heard().at(-1)?.results).toEqual({
        transaction_count: [FOUND.transaction_count],
        weather: [FOUND.weather],
      })
    })

    test('a model that writes no JSON is an error, and its prose no object', async () => {
      stage.play(() => ({ text: 'I would rather write prose.' }))
      const error = await generateObject({ model, schema: Answer, prompt: QUESTION, maxRetries: 0 }).catch((e) => e)
      expect(APICallError.isInstance(error)).toBe(true)
      expect(error.statusCode).toBe(502)
    })

    test.each([
      [
        'array',
        Output.array({ element: z.object({ n: z.number() }) }),
        { elements: [{ n: 1 }, { n: 2 }] },
        [{ n: 1 }, { n: 2 }],
      ],
      ['choice', Output.choice({ options: ['yes', 'no'] }), { result: 'no' }, 'no'],
    ])('Output.%s gets what fits', async (_, output, json, expected) => {
      stage.play(writesJson(worksThrough([count]), json))
      const result = await generateText({ model, output: output as never, prompt: QUESTION, maxRetries: 0 })
      expect(result.output).toEqual(expected)
    })
  })
})
