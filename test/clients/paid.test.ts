import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import type { UsageMetadata } from '@langchain/core/messages'
import { ChatOpenAI } from '@langchain/openai'
import { Agent, OpenAIProvider, Runner, tool as toAgentTool } from '@openai/agents'
import { generateText, stepCountIs, tool as toAiTool } from 'ai'
import { sql } from 'kysely'
import OpenAI from 'openai'
import { zodFunction } from 'openai/helpers/zod'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { parseCreditText } from '../../src/accounts/credits.ts'
import { connectDatabase } from '../../src/db/connect-database.ts'
import type { Database } from '../../src/db/database.ts'
import { FOUND, sum, toWeather, weather, worksThrough } from './client-tools.ts'
import { openStage, type Stage } from './stage.ts'

const ADMIN_KEY = 'admin-key-of-the-specs'
const QUESTION = 'what is the weather in Bern?'
const messages = [{ role: 'user' as const, content: QUESTION }]
const ask = { model: 'operator', messages }
const City = z.object({ city: z.string() })

/** What a client says that it was answered, and used. */
type Answer = {
  text: string | null | undefined
  promptTokens: number | undefined
  completionTokens: number | undefined
}

type Metered = { text: string; usage_metadata?: UsageMetadata }

type Settings = { baseURL: string; apiKey: string; fetch: typeof fetch }

/** As each is set up by default. */
const CLIENTS: Record<string, (settings: Settings) => Promise<Answer>> = {
  async 'openai, by chat completions,'(settings) {
    const { choices, usage } = await new OpenAI(settings).chat.completions.create(ask)
    return toAnswer(choices[0]?.message.content, usage?.prompt_tokens, usage?.completion_tokens)
  },

  async 'openai, streaming,'(settings) {
    const stream = new OpenAI(settings).chat.completions.stream({ ...ask, stream_options: { include_usage: true } })
    const { choices, usage } = await stream.finalChatCompletion()
    return toAnswer(choices[0]?.message.content, usage?.prompt_tokens, usage?.completion_tokens)
  },

  async 'openai, by responses,'(settings) {
    const body = { model: 'operator', input: QUESTION }
    const { output_text, usage } = await new OpenAI(settings).responses.create(body)
    return toAnswer(output_text, usage?.input_tokens, usage?.output_tokens)
  },

  async 'openai, with runTools(),'(settings) {
    const weatherTool = zodFunction({ name: 'weather', parameters: City, function: toWeather })
    const runner = new OpenAI(settings).chat.completions.runTools({ ...ask, tools: [weatherTool] })
    const text = await runner.finalContent()
    const usage = await runner.totalUsage()
    return toAnswer(text, usage.prompt_tokens, usage.completion_tokens)
  },

  async 'the AI SDK'(settings) {
    const { text, totalUsage } = await generateText({
      model: createOpenAICompatible({ name: 'groundwire', ...settings })('operator'),
      tools: { weather: toAiTool({ inputSchema: City, execute: toWeather }) },
      stopWhen: stepCountIs(3),
      prompt: QUESTION,
    })
    return toAnswer(text, totalUsage.inputTokens, totalUsage.outputTokens)
  },

  async "LangChain's ChatOpenAI"({ apiKey, ...configuration }) {
    const chat = new ChatOpenAI({ model: 'operator', apiKey, configuration })
    // Its type says that the usage is never there.
    const { text, usage_metadata } = (await chat.invoke(QUESTION)) as unknown as Metered
    return toAnswer(text, usage_metadata?.input_tokens, usage_metadata?.output_tokens)
  },

  async 'an agent of @openai/agents'(settings) {
    const modelProvider = new OpenAIProvider({ openAIClient: new OpenAI(settings) as never })
    const agent = new Agent({
      name: 'helper',
      model: 'operator',
      tools: [
        toAgentTool({ name: 'weather', description: '', parameters: City, execute: async (at) => toWeather(at) }),
      ],
    })
    const { finalOutput, state } = await new Runner({ modelProvider, tracingDisabled: true }).run(agent, QUESTION)
    return toAnswer(finalOutput, state.usage.inputTokens, state.usage.outputTokens)
  },
}

const toAnswer = (text: Answer['text'], promptTokens?: number, completionTokens?: number): Answer => ({
  text,
  promptTokens,
  completionTokens,
})

describe.concurrent.each(Object.entries(CLIENTS))('%s where answers are charged', (_, askGateway) => {
  test('is charged by the usage that it is told, to the micro-credit', async () => {
    const { settings, statuses, ...key } = await newClient({ grant: '1' })
    const { text, promptTokens = 0, completionTokens = 0 } = await askGateway(settings)
    expect(text).toContain(FOUND.calculate)
    expect(promptTokens).toBeGreaterThan(0)
    const charged = BigInt(promptTokens) + 2n * BigInt(completionTokens) + 1_000n * BigInt(statuses.length)
    const { balance, held } = await key.read('/v1/account')
    expect({ balance: parseCreditText(balance), held }).toEqual({ balance: 1_000_000n - charged, held: '0' })
    const { total } = await key.read('/v1/usage')
    expect(parseCreditText(total.charged)).toBe(charged)
    expect(total).toMatchObject({ prompt_tokens: promptTokens, completion_tokens: completionTokens })
  })

  test('hears once that there are no credits', async () => {
    const { settings, statuses } = await newClient({})
    const error = await askGateway(settings).catch((e) => e)
    expect(error).toBeInstanceOf(Error)
    expect(error.message).toMatch(/Not enough credits: this request needs up to/)
    expect(error.status ?? error.statusCode).toBe(402)
    expect(error.code ?? error.data.error.code).toBe('insufficient_credits')
    expect(statuses).toEqual([402])
  })

  test('hears once that the day is over for its key', async () => {
    const { settings, statuses } = await newClient({ grant: '1', scopes: { credits_per_day: '0.000001' } })
    const error = await askGateway(settings).catch((e) => e)
    expect(error.code ?? error.data.error.code).toBe('budget_exceeded')
    expect(statuses).toEqual([402])
  })

  test('waits as long as it is told where its minute is full', async () => {
    const { settings, statuses, ...key } = await newClient({ grant: '1', scopes: { requests_per_minute: 2 } })
    await key.fillMinute()
    let isFirst = true
    const { text } = await askGateway({
      ...settings,
      async fetch(input, init) {
        if (isFirst) await key.endMinute({ inMs: 1_900 })
        isFirst = false
        return settings.fetch(input, init)
      },
    })
    expect(text).toContain(FOUND.calculate)
    expect(statuses[0]).toBe(429)
    expect(new Set(statuses.slice(1))).toEqual(new Set([200]))
  })
})

let stage: Stage
let database: Database

beforeAll(async () => {
  stage = await openStage('an OpenAI-compatible server', {
    FREE_MODE: '0',
    ADMIN_KEY,
    DEFAULT_PRICE: 'prompt=1000000,completion=2000000,run=1000',
  })
  database = connectDatabase({ connectionString: stage.gateway.databaseUrl, advice: 'the test server is gone' })
  stage.play(worksThrough([sum], [weather]))
})
afterAll(async () => {
  await database?.close()
  await stage?.close()
})

type NewKey = { grant?: string; scopes?: Record<string, unknown> }

/** A client's settings with a key of its own. */
async function newClient(order: NewKey) {
  const { gateway, baseURL } = stage
  const { id, secret } = await callJson('/admin/keys', {
    method: 'POST',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'client', ...order }),
  })
  const statuses: number[] = []
  const settings: Settings = {
    baseURL,
    apiKey: secret,
    async fetch(input, init) {
      const response = await fetch(input, init)
      statuses.push(response.status)
      return response
    },
  }
  const headers = { authorization: `Bearer ${secret}` }
  return {
    settings,
    /** Of all that the client has sent. */
    statuses,
    read: (path: string) => callJson(path, { headers }),
    /** With the two requests of a key that has no more of them. */
    async fillMinute() {
      for (const _ of [1, 2]) expect((await gateway.ask({ messages }, { headers })).status).toBe(200)
    },
    async endMinute({ inMs }: { inMs: number }) {
      const { numAffectedRows } = await sql`
        update rate_limits set ends_at = clock_timestamp() + ${inMs} * interval '1 ms'
        where subject = ${`requests key:${id}`}`.execute(database.db)
      expect(numAffectedRows).toBe(1n)
    },
  }
}

// biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
async function callJson(path: string, init: RequestInit): Promise<any> {
  const response = await fetch(`${stage.gateway.url}${path}`, init)
  expect(response.ok, path).toBe(true)
  return response.json()
}
