import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Asked, askModel, GAS_PRICE } from '../../../test/support/ask-model.ts'
import {
  type RunpodReply,
  type RunpodScript,
  type ScriptedRunpod,
  type ScriptedRunpodOptions,
  scriptedRunpod,
} from '../../../test/support/scripted-runpod.ts'
import type { JobMemo, Model, ModelRequest } from '../model.ts'
import { createMemoryWarmUps, type WarmUps } from '../warm-up.ts'
import { createRunpodModel, type RunpodOptions } from './runpod.ts'

const MODEL = 'Qwen/Qwen3-32B'

describe('an answer', () => {
  test('comes with its thoughts, calls as they were written, usage and finish reason', async () => {
    const wei = '{"wei":1000000000000000001}'
    const { model } = await start([
      {
        reasoning: 'hm',
        text: 'Let me look.',
        toolCalls: [
          { name: 'gas_price', arguments: wei },
          { name: 'gas_price', arguments: '{"chain": bro' },
        ],
        finish: 'stop',
        usage: { promptTokens: 1_931, completionTokens: 63 },
      },
    ])
    const asked = await askModel(model, 'gas?', { tools: [GAS_PRICE] })
    expect(asked).toMatchObject({
      reasoning: 'hm',
      text: 'Let me look.',
      calls: [`gas_price ${wei}`, 'gas_price {"chain": bro'],
      reason: 'tool_calls',
      usage: { promptTokens: 1_931, completionTokens: 63 },
    })
    for (const id of asked.callIds) expect(id).toMatch(/^call_[A-Za-z0-9]{16,35}$/)
  })

  test('that was cut by the limit of tokens says so', async () => {
    const { model } = await start([{ text: 'It is', finish: 'length' }])
    expect(await askModel(model, 'hello')).toMatchObject({ text: 'It is', reason: 'length' })
  })

  const whole = { choices: [{ index: 0, message: { content: 'It is 7.' }, finish_reason: 'stop' }] }
  const usage = { prompt_tokens: 5, completion_tokens: 3 }
  const piece = (content: string, finish_reason: string | null = null) => ({
    choices: [{ index: 0, delta: { content }, finish_reason }],
  })
  const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`

  test.each<[shape: string, output: unknown]>([
    ['a list of one', [{ ...whole, usage }]],
    ['the object itself', { ...whole, usage }],
    ['the object as text', JSON.stringify({ ...whole, usage })],
    ['a list of streamed pieces', [piece('It is '), piece('7.', 'stop'), { choices: [], usage }]],
    ['the text of events', [event(piece('It is ')), event(piece('7.', 'stop')) + event({ choices: [], usage })]],
    [
      'the text of events, cut anywhere, whose last says that they are all',
      [...(event(piece('It is ')) + event({ ...piece('7.'), usage }) + event('x').replace('"x"', '[DONE]'))],
    ],
    ['batches of pieces', [[piece('It is ')], [piece('7.', 'stop'), { choices: [], usage }]]],
    [
      'lists of tokens, as very old workers',
      [{ choices: [{ tokens: ['It is ', '7.'] }], usage: { input: 5, output: 3 } }],
    ],
  ])('is read where the output is %s', async (_shape, output) => {
    const { model, runpod } = await start([{ output }])
    expect(await askModel(model, 'gas?')).toMatchObject({
      text: 'It is 7.',
      reason: 'stop',
      usage: { promptTokens: 5, completionTokens: 3 },
    })
    expect(runpod.count('run')).toBe(1)
  })

  test('in pieces has its calls joined', async () => {
    const call = (fields: object) => ({ choices: [{ delta: { tool_calls: [{ index: 0, ...fields }] } }] })
    const output = [
      call({ id: 'call_1', function: { name: 'gas_price', arguments: '' } }),
      call({ function: { arguments: '{"chain":' } }),
      call({ function: { arguments: '"base"}' } }),
      { choices: [{ delta: {}, finish_reason: 'tool_calls' }] },
    ]
    const { model } = await start([{ output }])
    expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({
      calls: ['gas_price {"chain":"base"}'],
      reason: 'tool_calls',
    })
  })

  test('with its thoughts under the newer name, content of null and no usage is read too', async () => {
    const message = { content: null, reasoning: 'hm', tool_calls: [{ function: { name: 'gas_price', arguments: {} } }] }
    const { model } = await start([{ output: [{ choices: [{ message, finish_reason: null }] }] }])
    const asked = await askModel(model, 'gas?', { tools: [GAS_PRICE] })
    expect(asked).toMatchObject({ reasoning: 'hm', text: '', calls: ['gas_price {}'] })
    expect(asked.usage?.promptTokens).toBeGreaterThan(0)
  })

  test.each<[what: string, output: unknown]>([
    ['a number', 7],
    ['words', 'secret'],
    ['an object of another kind', [{ secret: 1 }]],
    ['no choice', [{ choices: [] }]],
    ['a choice that says nothing', [{ choices: [{ text: 'secret' }] }]],
    ['pieces of which none is the last', [piece('It is')]],
  ])('is none where the output is %s', async (_what, output) => {
    const { model, runpod } = await start([{ output }])
    expect(await failureOf(model)).toMatchObject({ status: 502, code: 'model_backend_error' })
    expect(runpod.count('run')).toBe(1)
  })

  test('that is nothing is asked for once more, and then no more', async () => {
    const { model, runpod } = await start([
      { output: undefined },
      { text: 'It is 7.' },
      { output: [{}] },
      { output: [] },
    ])
    expect(await askModel(model, 'gas?')).toMatchObject({ text: 'It is 7.' })
    expect(await failureOf(model)).toMatchObject({ status: 502 })
    expect(runpod.count('run')).toBe(4)
  })
})

describe('a job', () => {
  test('carries the chat request, the key, and how long it may take', async () => {
    const { model, runpod } = await start([{ text: 'ok' }], { timeoutMs: 90_000 })
    await askModel(
      model,
      [
        { role: 'system', text: 'One.' },
        { role: 'user', text: 'pay' },
        {
          role: 'assistant',
          text: '',
          toolCalls: [{ id: 'call_1', name: 'pay', argumentsText: '{ "wei": 1000000000000000001 }' }],
        },
        { role: 'tool', callId: 'call_1', toolName: 'pay', text: 'ok' },
      ],
      {
        params: { temperature: 0, topP: 0, maxTokens: 9, stop: ['END'], seed: 7, frequencyPenalty: 1 },
        tools: [GAS_PRICE],
      },
    )
    expect(runpod.jobs[0]?.posted).toEqual({
      input: { openai_route: '/v1/chat/completions', openai_input: expect.anything() },
      policy: { executionTimeout: 90_000, ttl: 150_000 },
    })
    const call = { id: 'call_1', type: 'function', function: { name: 'pay', arguments: '{"wei":1000000000000000001}' } }
    expect(runpod.jobs[0]?.body).toEqual({
      model: MODEL,
      messages: [
        { role: 'system', content: 'One.' },
        { role: 'user', content: 'pay' },
        { role: 'assistant', content: '', tool_calls: [call] },
        { role: 'tool', content: 'ok', tool_call_id: 'call_1', name: 'pay' },
      ],
      temperature: 0,
      top_p: 1e-6,
      max_tokens: 9,
      stop: ['END'],
      seed: 7,
      frequency_penalty: 1,
      tools: [
        {
          type: 'function',
          function: { name: 'gas_price', description: 'Gas price of a chain.', parameters: GAS_PRICE.parameters },
        },
      ],
      stream: false,
    })
  })

  test('names the form of the answer, and the call that it must make', async () => {
    const { model, runpod } = await start([{ text: '{}' }, { toolCalls: [{ name: 'gas_price' }] }])
    await askModel(model, 'JSON', { format: {} })
    await askModel(model, 'gas?', { tools: [GAS_PRICE], toolChoice: { name: 'gas_price' } })
    expect(runpod.jobs[0]?.body.response_format).toEqual({ type: 'json_object' })
    expect(runpod.jobs[1]?.body.tool_choice).toEqual({ type: 'function', function: { name: 'gas_price' } })
  })

  test('in a state that nobody knows goes on', async () => {
    const { model, runpod } = await start([{ neverEnds: true }, { text: 'ok' }])
    const answer = askModel(model, 'hello')
    await until(() => runpod.jobs[0]?.state === 'IN_PROGRESS')
    const job = runpod.jobs[0] as { state: string; output?: unknown; polls: number }
    job.state = 'PAUSED_FOR_TEA'
    const polls = job.polls
    await until(() => job.polls > polls + 2)
    Object.assign(job, { state: 'COMPLETED', output: { choices: [{ message: { content: 'ok' } }] } })
    expect(await answer).toMatchObject({ text: 'ok' })
  })

  test.each([429, 500, 503, 'cut' as const])(
    'whose status is answered with %s is asked for again, and not submitted again',
    async (how) => {
      let spoilt = 0
      const { model, runpod } = await start(
        [{ text: 'ok', takesMs: 20 }],
        {},
        {
          fault({ operation }) {
            if (operation !== 'status' || spoilt >= 3) return undefined
            spoilt++
            return typeof how === 'number' ? { status: how } : how
          },
        },
      )
      expect(await askModel(model, 'hello')).toMatchObject({ text: 'ok' })
      expect(spoilt).toBe(3)
      expect(runpod.count('run')).toBe(1)
    },
  )

  test('that RunPod has forgotten is a failure, and not submitted again', async () => {
    const { model, runpod } = await start([{ neverEnds: true }])
    const failure = failureOf(model)
    await until(() => runpod.jobs[0]?.state === 'IN_PROGRESS')
    runpod.forget(runpod.jobs[0]?.id ?? '')
    expect(await failure).toMatchObject({ status: 502, kind: 'failed' })
    expect(runpod.count('run')).toBe(1)
  })

  test('of a caller who leaves is cancelled, in the queue as at work', async () => {
    for (const awake of [0, 1]) {
      const { model, runpod } = await start([{ neverEnds: true }], {}, { awake })
      const caller = new AbortController()
      const answer = askModel(model, 'hello', { signal: caller.signal })
      await until(() => runpod.jobs[0]?.state === (awake === 0 ? 'IN_QUEUE' : 'IN_PROGRESS'))
      caller.abort(new Error('gone'))
      await expect(answer).rejects.toThrow('gone')
      await until(() => runpod.jobs[0]?.state === 'CANCELLED')
    }
  })

  test('of a caller who leaves while it is being submitted is cancelled as soon as its id is known', async () => {
    const caller = new AbortController()
    const kept: unknown[] = []
    const memo = createMemo({ keep: async (job) => void kept.push(job) })
    const { model, runpod } = await start(
      [{ neverEnds: true }],
      {},
      {
        fault({ operation }) {
          if (operation === 'run') caller.abort(new Error('gone'))
          return undefined
        },
      },
    )
    await expect(askModel(model, 'hello', { signal: caller.signal, job: memo })).rejects.toThrow('gone')
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
    expect(kept).toEqual([])
  })

  test('is cancelled even where that is refused at first', async () => {
    let refused = 0
    const { model, runpod } = await start(
      [{ neverEnds: true }],
      {},
      {
        fault: ({ operation }) => (operation === 'cancel' && refused++ === 0 ? { status: 429 } : undefined),
      },
    )
    const caller = new AbortController()
    const answer = askModel(model, 'hello', { signal: caller.signal })
    await until(() => runpod.jobs[0]?.state === 'IN_PROGRESS')
    caller.abort(new Error('gone'))
    await expect(answer).rejects.toThrow('gone')
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
    expect(refused).toBe(2)
  })

  test('that takes too long is cancelled, and a 504', async () => {
    const { model, runpod } = await start([{ neverEnds: true }], { timeoutMs: 100 })
    expect(await failureOf(model)).toMatchObject({ status: 504, code: 'model_timeout' })
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
  })
})

describe('submitting', () => {
  test('waits where there are too many jobs, and submits one', async () => {
    let refused = 0
    const { model, runpod } = await start(
      [{ text: 'ok' }],
      {},
      {
        fault: ({ operation }) => (operation === 'run' && refused++ < 3 ? { status: 429 } : undefined),
      },
    )
    expect(await askModel(model, 'hello')).toMatchObject({ text: 'ok' })
    expect(runpod.jobs).toHaveLength(1)
  })

  test('gives up waiting for that when its caller does, and says that the model is busy', async () => {
    const { model, runpod } = await start([], { firstTokenTimeoutMs: 60 }, { limits: { run: 0 } })
    expect(await failureOf(model)).toMatchObject({ status: 503, code: 'server_overloaded', kind: 'busy' })
    expect(runpod.jobs).toHaveLength(0)
  })

  test.each(['cutAfter', 'cut', { status: 500 }, { status: 504 }, { status: 200, body: 'secret' }] as const)(
    'is not repeated where it may have been done: %j',
    async (fault) => {
      const { model, runpod } = await start(
        [{ neverEnds: true }],
        {},
        {
          fault: ({ operation }) => (operation === 'run' ? fault : undefined),
        },
      )
      const failure = await failureOf(model, { patient: true })
      expect(failure).toMatchObject({
        status: 502,
        kind: 'failed',
        message: expect.stringContaining('not asked twice'),
      })
      expect(runpod.count('run')).toBe(1)
    },
  )

  test.each(['cut', { status: 502 }, { status: 503 }, { status: 504 }] as const)(
    'is not sent while RunPod is away, so that another may be asked, or the same later: %j',
    async (fault) => {
      let isAway = true
      const { model, runpod } = await start([{ text: 'ok' }], {}, { fault: () => (isAway ? fault : undefined) })
      expect(await failureOf(model, { patient: true })).toMatchObject({ status: 502, kind: 'down' })
      expect(runpod.count('run')).toBe(0)
      isAway = false
      await expect.poll(() => askModel(model, 'hello').catch(() => undefined)).toMatchObject({ text: 'ok' })
    },
  )

  test('that came to nothing is the last one before RunPod says where it is', async () => {
    let isAway = false
    const { model, runpod } = await start(
      [{ text: 'ok' }],
      { poll: { firstMs: 400, mostMs: 400 } },
      { fault: () => (isAway ? 'cut' : undefined) },
    )
    await askModel(model, 'hello')
    isAway = true
    expect(await failureOf(model)).toMatchObject({ kind: 'failed' })
    for (let asked = 0; asked < 3; asked++) expect(await failureOf(model)).toMatchObject({ kind: 'down' })
    expect(runpod.count('run')).toBe(2)
  })

  test('to a server that is not there is told as that, so that another may be asked', async () => {
    const { model, runpod } = await start([])
    await runpod.close()
    expect(await failureOf(model)).toMatchObject({
      status: 502,
      kind: 'down',
      message: expect.stringContaining('RUNPOD_BASE_URL'),
    })
  })

  test('a request that is too long for RunPod is a 400 that agents understand, before anything is sent', async () => {
    const { model, runpod } = await start([], { contextTokens: 40_960 })
    const failure = await failureOf(model, {}, 'x'.repeat(10_000_000))
    expect(failure).toMatchObject({ status: 400, code: 'context_length_exceeded', details: { limitTokens: 40_960 } })
    expect(runpod.requests).toHaveLength(0)
  })
})

describe('a failure', () => {
  test.each<[what: string, options: Partial<RunpodOptions>, told: string]>([
    ['a key that is refused', { apiKey: 'wrong' }, 'RUNPOD_API_KEY'],
    ['an endpoint that is not there', { endpointId: 'other' }, 'RUNPOD_ENDPOINT_ID'],
  ])('from %s says what to correct', async (_what, options, told) => {
    const { model } = await start([], options)
    expect(await failureOf(model)).toMatchObject({ status: 502, message: expect.stringContaining(told) })
  })

  const hidden = (message: string) => ({ error: { message, type: 'worker_error', code: null } })

  test.each<[what: string, reply: RunpodReply, expected: Record<string, unknown>]>([
    [
      'a job that crashed',
      { error: 'Traceback: secret, while loading model weights: server busy' },
      { status: 502, kind: 'failed' },
    ],
    [
      'a job that ran out of memory',
      { error: 'secret: CUDA out of memory' },
      { message: expect.stringContaining('memory') },
    ],
    ['a job that took too long', { state: 'TIMED_OUT' }, { status: 504, code: 'model_timeout' }],
    ['a job that somebody cancelled', { state: 'CANCELLED' }, { status: 502, kind: 'failed' }],
    [
      'an error that is the output',
      { output: hidden('vLLM returned HTTP 500: secret') },
      { status: 502, kind: 'failed' },
    ],
    ['an error within a list', { output: [hidden('vLLM returned HTTP 400: secret')] }, { status: 502, kind: 'failed' }],
    ['an error in words', { output: [{ error: 'secret' }] }, { status: 502 }],
    [
      'an error among pieces',
      { output: [{ choices: [{ delta: { content: 'It' } }] }, hidden('secret')] },
      { status: 502 },
    ],
    [
      'an error as the text of an event',
      { output: [`data: ${JSON.stringify(hidden('secret'))}\n\n`] },
      { status: 502 },
    ],
    [
      'a flat error, as of old',
      { output: [{ object: 'error', message: 'secret', type: 'NotFoundError', param: null, code: 404 }] },
      { status: 502, message: expect.stringContaining('is not known to its server') },
    ],
    [
      'a server without tools',
      {
        output: hidden(
          'vLLM returned HTTP 400: "auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set',
        ),
      },
      { status: 502, message: expect.stringContaining('ENABLE_AUTO_TOOL_CHOICE') },
    ],
    ['a server that is busy', { output: [{ error: { message: 'secret', code: 503 } }] }, { status: 503, kind: 'busy' }],
  ])('of %s is told, and nothing of its words', async (_what, reply, expected) => {
    const { model, runpod } = await start([reply])
    const failure = await failureOf(model, { patient: true })
    expect(failure).toMatchObject(expected)
    expect(failure.message).not.toMatch(/secret|127\.0\.0\.1|ep-test|rp-test/)
    expect(runpod.count('run')).toBe(1)
    expect(runpod.count('cancel')).toBe(0)
  })

  test.each([
    [
      "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens (4900 in the messages).",
      4_096,
      5_000,
    ],
    ["This model's maximum context length is 4096 tokens. However, your request has 5000 input tokens.", 4_096, 5_000],
    ['The decoder prompt (length 5000) is longer than the maximum model length of 4096.', 4_096, 5_000],
    ['max_tokens must be at least 1, got -186.', 40_960, 40_961],
  ])('from too long a prompt is a 400: %s', async (message, limitTokens, promptTokens) => {
    const { model } = await start(
      [{ output: [hidden(`vLLM returned HTTP 400: ${message}`)] }, { error: `ValueError: ${message}` }],
      { contextTokens: 40_960 },
    )
    for (const _ of ['hidden', 'crashed']) {
      expect(await failureOf(model)).toMatchObject({
        status: 400,
        code: 'context_length_exceeded',
        details: { limitTokens, promptTokens },
      })
    }
  })
})

describe('an endpoint that sleeps', () => {
  test('is waited for by who is patient, however long it takes', async () => {
    const { model, runpod } = await start([{ text: 'ok' }], { firstTokenTimeoutMs: 20 }, { awake: 0 })
    const answer = askModel(model, 'hello', { patient: true })
    await until(() => (runpod.jobs[0]?.polls ?? 0) > 8)
    runpod.setAwake(1)
    expect(await answer).toMatchObject({ text: 'ok' })
    expect(runpod.count('run')).toBe(1)
  })

  test.each<[what: string, health: object, expected: object]>([
    ['asleep', {}, { status: 502, code: 'model_warming_up', kind: 'warming', retryAfterSec: 15 }],
    ['starting', { initializing: 1 }, { status: 502, code: 'model_warming_up', kind: 'warming' }],
    ['busy', { running: 3 }, { status: 503, kind: 'busy', message: expect.stringContaining('busy') }],
    ['without a GPU', { throttled: 2 }, { status: 503, kind: 'busy', message: expect.stringContaining('GPU') }],
  ])(
    'and is %s in the end is told as that to who is not, and the job is cancelled',
    async (_what, health, expected) => {
      const { model, runpod } = await start([], { firstTokenTimeoutMs: 60 }, { awake: 0, health: () => health })
      const failure = await failureOf(model)
      expect(failure).toMatchObject(expected)
      expect(failure.message).not.toMatch(/ep-test|127\.0\.0\.1/)
      await until(() => runpod.jobs[0]?.state === 'CANCELLED')
      expect(runpod.count('run')).toBe(1)
    },
  )

  test('is woken by one job: the others are submitted once that has left the queue', async () => {
    const { model, runpod } = await start(() => ({ text: 'ok' }), {}, { awake: 0 })
    const answers = Array.from({ length: 20 }, () => askModel(model, 'hello', { patient: true }))
    await until(() => (runpod.jobs[0]?.polls ?? 0) > 5)
    expect(runpod.jobs).toHaveLength(1)
    runpod.setAwake(3)
    for (const answer of await Promise.all(answers)) expect(answer.text).toBe('ok')
    expect(runpod.jobs).toHaveLength(20)
  })

  test('is woken by one job of all processes that share the warm-up', async () => {
    const warmUps = createMemoryWarmUps()
    const runpod = await open(() => ({ text: 'ok' }), { awake: 0 })
    const answers = ['one', 'two'].map((id) => askModel(connect(runpod, { id, warmUps }), 'hello', { patient: true }))
    await until(() => (runpod.jobs[0]?.polls ?? 0) > 5)
    expect(runpod.jobs).toHaveLength(1)
    runpod.setAwake(1)
    await Promise.all(answers)
    expect(runpod.jobs).toHaveLength(2)
  })

  test('is woken by another job where the first is cancelled', async () => {
    const { model, runpod } = await start(() => ({ text: 'ok' }), {}, { awake: 0 })
    const caller = new AbortController()
    const first = askModel(model, 'hello', { patient: true, signal: caller.signal })
    await until(() => runpod.jobs.length === 1)
    const second = askModel(model, 'hello', { patient: true })
    caller.abort(new Error('gone'))
    await expect(first).rejects.toThrow('gone')
    await until(() => runpod.jobs.length === 2)
    runpod.setAwake(1)
    expect(await second).toMatchObject({ text: 'ok' })
  })

  test("stays that job's to wake for as long as it waits, and is free afterwards", async () => {
    const calls: string[] = []
    const warmUps: WarmUps = {
      async take(name, holder, ms) {
        calls.push(`take ${name} ${holder}`)
        expect(ms).toBeGreaterThan(20_000)
        return true
      },
      free: async (name, holder) => void calls.push(`free ${name} ${holder}`),
    }
    const { model, runpod } = await start([{ text: 'ok' }], { warmUps }, { awake: 0 })
    const answer = askModel(model, 'hello', { patient: true })
    await until(() => calls.length > 4)
    runpod.setAwake(1)
    await answer
    const [first = ''] = calls
    expect(first).toMatch(/^take runpod:ep-test /)
    expect(calls.at(-1)).toBe(first.replace('take', 'free'))
    expect(new Set(calls.slice(0, -1))).toEqual(new Set([first]))
  })

  test('is woken by another job where the process of the first has died', async () => {
    let isDead = false
    const taken: string[] = []
    const warmUps: WarmUps = {
      async take(_name, holder) {
        taken.push(holder)
        return isDead
      },
      free: async () => undefined,
    }
    const { model, runpod } = await start([{ text: 'ok' }], { warmUps }, { awake: 0, bootMs: 20 })
    const answer = askModel(model, 'hello', { patient: true })
    await until(() => taken.length > 3)
    expect(runpod.jobs).toHaveLength(0)
    isDead = true
    expect(await answer).toMatchObject({ text: 'ok' })
    expect(new Set(taken).size).toBe(1)
  })

  test('is not woken by a run that is kept while the store is away, whoever else would wake it', async () => {
    const { take, free } = createMemoryWarmUps()
    let isAway = true
    let asked = 0
    const warmUps: WarmUps = {
      async take(...args) {
        asked++
        if (isAway) throw new Error('the store is away')
        return take(...args)
      },
      free,
    }
    const { model, runpod } = await start([{ text: 'one' }, { text: 'two' }], { warmUps }, { awake: 0, bootMs: 50 })
    const answers = Promise.all(
      ['one', 'two'].map((text) => askModel(model, text, { patient: true, job: createMemo() })),
    )
    await until(() => asked > 4)
    expect(runpod.count('run')).toBe(0)
    isAway = false
    expect(await answers).toHaveLength(2)
    expect(runpod.jobs.filter(({ submittedAtMs }) => submittedAtMs < (runpod.jobs[0]?.startedAtMs ?? 0))).toHaveLength(
      1,
    )
  })

  test('is woken all the same where nobody can be asked who wakes it, or whether it sleeps', async () => {
    const away = () => Promise.reject(new Error('the store is away'))
    const { model } = await start([{ text: 'one' }], { warmUps: { take: away, free: away } }, { awake: 0, bootMs: 20 })
    expect(await askModel(model, 'hello')).toMatchObject({ text: 'one' })
    const mute = await start(
      [{ text: 'two' }],
      {},
      {
        awake: 0,
        bootMs: 20,
        fault: ({ operation }) => (operation === 'health' ? { status: 500 } : undefined),
      },
    )
    expect(await askModel(mute.model, 'hello')).toMatchObject({ text: 'two' })
  })

  test('tells who waits for it that it sleeps, also where another job wakes it', async () => {
    const { model, runpod } = await start([], { firstTokenTimeoutMs: 80 }, { awake: 0 })
    const failures = await Promise.all([failureOf(model), failureOf(model)])
    for (const failure of failures) expect(failure).toMatchObject({ kind: 'warming' })
    await until(() => runpod.jobs.every(({ state }) => state === 'CANCELLED'))
  })

  test.each<[what: string, looks: readonly object[]]>([
    ['are unhealthy and stay so', [{ unhealthy: 2 }]],
    ['start and end, again and again', [{ initializing: 1 }, {}, { initializing: 1 }, {}]],
  ])('and whose workers %s fails at once, for the patient too', async (_what, looks) => {
    let look = 0
    const { model, runpod } = await start([], {}, { awake: 0, health: () => looks[look++ % looks.length] ?? {} })
    const failure = await failureOf(model, { patient: true })
    expect(failure).toMatchObject({ status: 502, kind: 'failed', message: expect.stringContaining('cannot start') })
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
    expect(await failureOf(model, { patient: true })).toMatchObject({ message: failure.message })
    expect(runpod.count('run')).toBe(1)
  })

  test('and starts slowly is not taken for one that crashes', async () => {
    const looks = [{}, { initializing: 1 }, { initializing: 2 }, { throttled: 1 }, { initializing: 1, unhealthy: 1 }]
    let look = 0
    const { model, runpod } = await start([{ text: 'ok' }], {}, { awake: 0, health: () => looks[look++] })
    const answer = askModel(model, 'hello', { patient: true })
    await until(() => look > looks.length)
    runpod.setAwake(1)
    expect(await answer).toMatchObject({ text: 'ok' })
  })
})

describe('a job that outlives its process', () => {
  test('is kept before anything else, and asked for by who goes on', async () => {
    const runpod = await open([{ neverEnds: true }, { text: 'another' }])
    const kept: { backend: string; id: string }[] = []
    const memo = createMemo({ keep: async (job) => void kept.push(job) })
    const worker = new AbortController()
    const first = askModel(connect(runpod), 'hello', { patient: true, job: memo, signal: worker.signal })
    await until(() => runpod.jobs[0]?.state === 'IN_PROGRESS' && kept.length > 0)
    expect(kept).toEqual([{ backend: `runpod:${MODEL}`, id: runpod.jobs[0]?.id }])
    worker.abort(new HandedOver())
    await expect(first).rejects.toThrow(HandedOver)

    const second = askModel(connect(runpod), 'hello', { patient: true, job: createMemo({ known: kept[0] }) })
    const polls = runpod.jobs[0]?.polls ?? 0
    await until(() => (runpod.jobs[0]?.polls ?? 0) > polls + 2)
    Object.assign(runpod.jobs[0] ?? {}, { state: 'COMPLETED', output: { choices: [{ message: { content: 'ok' } }] } })
    expect(await second).toMatchObject({ text: 'ok' })
    expect(runpod.count('run')).toBe(1)
    expect(runpod.count('cancel')).toBe(0)
  })

  test('is cancelled where nobody goes on with it', async () => {
    const { model, runpod } = await start([{ neverEnds: true }])
    const worker = new AbortController()
    const answer = askModel(model, 'hello', { patient: true, job: createMemo(), signal: worker.signal })
    await until(() => runpod.jobs[0]?.state === 'IN_PROGRESS')
    worker.abort(new Error('the run was cancelled'))
    await expect(answer).rejects.toThrow('the run was cancelled')
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
  })

  test('that cannot be kept is cancelled, and the reason is thrown as it is', async () => {
    const { model, runpod } = await start([{ neverEnds: true }])
    const memo = createMemo({ keep: () => Promise.reject(new HandedOver()) })
    await expect(askModel(model, 'hello', { patient: true, job: memo })).rejects.toThrow(HandedOver)
    await until(() => runpod.jobs[0]?.state === 'CANCELLED')
  })

  test('of another backend is none of ours', async () => {
    const { model, runpod } = await start([{ text: 'ok' }])
    const job = createMemo({ known: { backend: 'openai:other', id: 'resp_1' } })
    expect(await askModel(model, 'hello', { patient: true, job })).toMatchObject({ text: 'ok' })
    expect(runpod.count('run')).toBe(1)
  })

  test('and is gone is a failure: nobody knows whether it was done', async () => {
    const { model, runpod } = await start([{ text: 'ok' }])
    const job = createMemo({ known: { backend: `runpod:${MODEL}`, id: 'gone-u1' } })
    expect(await failureOf(model, { patient: true, job })).toMatchObject({ status: 502, kind: 'failed' })
    expect(runpod.count('run')).toBe(0)
  })

  test('and was cancelled is submitted again: nobody does it', async () => {
    const { model, runpod } = await start([{ state: 'CANCELLED' }, { text: 'ok' }])
    await failureOf(model)
    const job = createMemo({ known: { backend: `runpod:${MODEL}`, id: runpod.jobs[0]?.id ?? '' } })
    expect(await askModel(model, 'hello', { patient: true, job })).toMatchObject({ text: 'ok' })
    expect(runpod.jobs).toHaveLength(2)
  })

  test('keeps the endpoint from being woken by another one meanwhile', async () => {
    const warmUps = createMemoryWarmUps()
    const runpod = await open(() => ({ text: 'ok' }), { awake: 0 })
    const kept: { backend: string; id: string }[] = []
    const worker = new AbortController()
    const memo = createMemo({ keep: async (job) => void kept.push(job) })
    const handed = askModel(connect(runpod, { warmUps }), 'hello', { patient: true, job: memo, signal: worker.signal })
    await until(() => kept.length === 1)
    worker.abort(new HandedOver())
    await expect(handed).rejects.toThrow(HandedOver)
    const checks = runpod.count('health')
    const other = askModel(connect(runpod, { warmUps }), 'hello', { patient: true })
    await until(() => runpod.count('health') > checks + 3)
    expect(runpod.jobs).toHaveLength(1)
    runpod.setAwake(1)
    expect(await other).toMatchObject({ text: 'ok' })
  })
})

describe('a job that nobody waits for', () => {
  const { signal } = new AbortController()
  const toJob = (id = 'gone-u1') => ({ backend: `runpod:${MODEL}`, id })

  async function left(options: ScriptedRunpodOptions = {}, own: Partial<RunpodOptions> = {}) {
    const runpod = await open([{ neverEnds: true }], options)
    const worker = new AbortController()
    const asked = askModel(connect(runpod), 'hello', { patient: true, job: createMemo(), signal: worker.signal })
    await until(() => (runpod.jobs[0]?.polls ?? 0) > 0)
    worker.abort(new HandedOver())
    await expect(asked).rejects.toThrow(HandedOver)
    return { runpod, model: connect(runpod, own), job: toJob(runpod.jobs[0]?.id) }
  }

  test('is cancelled by whoever knows its id', async () => {
    const { runpod, model, job } = await left()
    expect(await model.cancelJob?.(job, signal)).toBe(true)
    expect(runpod.jobs[0]?.state).toBe('CANCELLED')
  })

  test('and is gone needs no more', async () => {
    const { model } = await start([])
    expect(await model.cancelJob?.(toJob(), signal)).toBe(true)
  })

  test.each<[what: string, options: ScriptedRunpodOptions, own: Partial<RunpodOptions>]>([
    ['fails', { fault: ({ operation }) => (operation === 'cancel' ? { status: 500 } : undefined) }, {}],
    ['refuses the key', {}, { apiKey: 'wrong' }],
  ])('may still be worked on where RunPod %s', async (_what, options, own) => {
    const { model, job } = await left(options, own)
    expect(await model.cancelJob?.(job, signal)).toBe(false)
  })

  test('is let be as soon as that is wished', async () => {
    const stopping = new AbortController()
    const { runpod, model, job } = await left({
      fault: ({ operation }) => (operation === 'cancel' ? 'hang' : undefined),
    })
    const cancelled = model.cancelJob?.(job, stopping.signal)
    await until(() => runpod.count('cancel') === 1)
    stopping.abort(new Error('stopped'))
    expect(await cancelled).toBe(false)
  })
})

describe('the check', () => {
  const { signal } = new AbortController()

  test.each<[what: string, health: object, expected: object]>([
    ['awake', { idle: 1 }, { status: 'ok' }],
    ['asleep', {}, { status: 'ok', detail: expect.stringContaining('asleep') }],
    ['starting', { initializing: 1 }, { status: 'ok', detail: 'waking up' }],
    ['without a GPU', { throttled: 1 }, { status: 'ok', detail: expect.stringContaining('GPU') }],
    ['sick', { unhealthy: 1 }, { status: 'down', detail: expect.stringContaining('log') }],
  ])('of an endpoint that is %s starts nothing', async (_what, health, expected) => {
    const { model, runpod } = await start([], {}, { awake: 0, health: () => health })
    expect(await model.check(signal)).toEqual(expected)
    expect(runpod.requests.map(({ operation }) => operation)).toEqual(['health'])
  })

  test('says what to correct', async () => {
    const { runpod } = await start([])
    const check = (options: Partial<RunpodOptions>) => connect(runpod, options).check(signal)
    expect(await check({ apiKey: 'wrong' })).toEqual({ status: 'down', detail: 'RunPod refuses RUNPOD_API_KEY' })
    expect(await check({ endpointId: 'other' })).toMatchObject({
      detail: expect.stringContaining('RUNPOD_ENDPOINT_ID'),
    })
    await runpod.close()
    expect(await check({})).toMatchObject({ status: 'down', detail: expect.stringContaining('RUNPOD_BASE_URL') })
  })

  test('gives up on a server that does not answer', async () => {
    const server = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect(await connect({ url }).check(signal)).toMatchObject({ status: 'down' })
  })
})

class HandedOver extends Error {
  override readonly name = 'HandedOver'
}

function createMemo({ known, keep = async () => undefined }: Partial<JobMemo> = {}): JobMemo {
  return { known, keep, goesOn: (reason) => reason instanceof HandedOver }
}

async function start(script: RunpodScript, options: Partial<RunpodOptions> = {}, server: ScriptedRunpodOptions = {}) {
  const runpod = await open(script, server)
  return { runpod, model: connect(runpod, options) }
}

async function open(script: RunpodScript, options: ScriptedRunpodOptions = {}): Promise<ScriptedRunpod> {
  const runpod = await scriptedRunpod(script, options)
  onTestFinished(() => runpod.close())
  return runpod
}

function connect({ url }: Pick<ScriptedRunpod, 'url'>, options: Partial<RunpodOptions> = {}): Model {
  return createRunpodModel({
    id: 'conductor',
    modelName: MODEL,
    baseUrl: url,
    endpointId: 'ep-test',
    apiKey: 'rp-test',
    poll: { firstMs: 4, mostMs: 12 },
    ...options,
  })
}

async function failureOf(model: Model, rest: Partial<ModelRequest> = {}, ask = 'hello'): Promise<Error> {
  return askModel(model, ask, rest).then(
    (_: Asked) => expect.unreachable('it should have failed'),
    (error: Error) => error,
  )
}

const until = (isSo: () => boolean) => expect.poll(isSo, { interval: 2 }).toBe(true)
