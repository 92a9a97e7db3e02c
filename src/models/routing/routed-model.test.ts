import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { askModel, GAS_PRICE, toModelRequest } from '../../../test/support/ask-model.ts'
import type { Script, ScriptedBackend } from '../../../test/support/scripted-backend.ts'
import { scriptedOllama } from '../../../test/support/scripted-ollama.ts'
import { scriptedOpenAI } from '../../../test/support/scripted-openai.ts'
import { BackendError, BadRequestError, ContextLengthError } from '../../errors.ts'
import type { JobMemo, Model, ModelEvent, ModelRequest } from '../model.ts'
import { createOllamaModel } from '../ollama.ts'
import { createOpenAIModel } from '../openai.ts'
import type { Backend, BackendEvent } from './backend.ts'
import { createRoutedModel, type RoutedModelOptions } from './routed-model.ts'

const OK = { text: 'hello there' }
const BUSY = { status: 503, error: 'server busy' }
const LOADING = { status: 503, error: 'Loading model' }

afterEach(() => {
  vi.useRealTimers()
})

type Served = { model: Model; server: ScriptedBackend }

async function openAI(name: string, script: Script): Promise<Served> {
  const server = await scriptedOpenAI(script)
  onTestFinished(() => server.close())
  const model = createOpenAIModel({ id: 'operator', modelName: 'gpt-test', baseUrl: `${server.url}/v1` })
  return { server, model: { ...model, backend: name } }
}

async function ollama(script: Script, contextTokens = 16_384): Promise<Served> {
  const server = await scriptedOllama(script)
  onTestFinished(() => server.close())
  const baseUrl = server.url
  return { server, model: createOllamaModel({ id: 'operator', modelName: 'qwen3:8b', baseUrl, contextTokens }) }
}

/** Nothing listens there. */
const absent = (name = 'absent'): Model => ({
  ...createOpenAIModel({ id: 'operator', modelName: 'gpt-test', baseUrl: 'http://127.0.0.1:9/v1' }),
  backend: name,
})

function route(backends: readonly (Backend | Model)[], options: Partial<RoutedModelOptions> = {}) {
  const told: string[] = []
  const model = createRoutedModel({
    id: 'operator',
    backends: backends.map((backend) => ('model' in backend ? backend : { model: backend })),
    patience: { firstMs: 1, longestMs: 5 },
    onBackend: (event: BackendEvent) =>
      told.push(`${event.backend} ${event.type}${'kind' in event ? `: ${event.kind}` : ''}`),
    ...options,
  })
  return { model, told }
}

/** The text, and the backend that `finished` names. */
async function ask(model: Model, rest: Partial<ModelRequest> = {}): Promise<string> {
  const { text, backend } = await hear(model, rest)
  return `${text} (${backend})`
}

async function hear(model: Model, rest: Partial<ModelRequest> = {}) {
  let text = ''
  let backend: string | undefined
  for await (const event of model.stream(toModelRequest('hi', rest))) {
    if (event.type === 'text') text += event.text
    if (event.type === 'finished') backend = event.backend
  }
  return { text, backend }
}

const kindOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'answered',
    (error: unknown) => (error instanceof BackendError ? error.kind : error),
  )

describe('the next backend is asked', () => {
  test.each([
    ['is not there', undefined, 'a failed: down'],
    ['is busy', BUSY, 'a failed: busy'],
    ['loads its model', LOADING, 'a failed: warming'],
  ])('when the first %s, and the reply names the one that answered', async (_what, reply, failure) => {
    const a = reply === undefined ? absent('a') : (await openAI('a', [reply])).model
    const b = await ollama([OK])
    const { model, told } = route([a, b.model])
    expect(await ask(model)).toBe('hello there (ollama:qwen3:8b)')
    expect(told).toEqual([failure, 'ollama:qwen3:8b ok'])
  })

  test('for an answer in one piece as well', async () => {
    const a = await openAI('a', [BUSY])
    const b = await openAI('b', [OK])
    const { model } = route([a.model, b.model])
    expect(await ask(model, { whole: true })).toBe('hello there (b)')
  })

  test('for no other failure, unless the model is set up to', async () => {
    const broken = () => openAI('a', () => ({ status: 500, error: 'segfault' }))
    const b = await openAI('b', () => OK)
    const usual = route([(await broken()).model, b.model])
    expect(await kindOf(ask(usual.model))).toBe('failed')
    expect(b.server.requests).toHaveLength(0)
    const eager = route([(await broken()).model, b.model], { retryOn: ['failed'] })
    expect(await ask(eager.model)).toBe('hello there (b)')
  })

  test.each<[string, Parameters<typeof openAI>[1], Partial<ModelRequest>]>([
    ['its text has begun', [{ text: ['The ', 'nonce '], cut: true }], {}],
    ['its thoughts have begun', [{ thinking: ['hm ', 'hm '], cut: true }], {}],
    ['its text has begun, and it reports an overload', [{ text: ['The '], error: 'overloaded' }], {}],
  ])('never once %s: the answer breaks off', async (_what, script, rest) => {
    const a = await openAI('a', script)
    const b = await openAI('b', [OK])
    const { model, told } = route([a.model, b.model], { retryOn: ['down', 'busy', 'warming', 'timeout', 'failed'] })
    await expect(ask(model, rest)).rejects.toThrow(BackendError)
    expect(b.server.requests).toHaveLength(0)
    expect(told[0]).toBe('a ok')
    expect(told[1]).toMatch(/^a failed/)
  })

  test('never for a caller who has left', async () => {
    const a = await openAI('a', [{ hang: true }])
    const b = await openAI('b', [OK])
    const { model, told } = route([a.model, b.model])
    const caller = new AbortController()
    const asked = ask(model, { signal: caller.signal })
    await expect.poll(() => a.server.openRequests).toBe(1)
    caller.abort(new Error('left'))
    await expect(asked).rejects.toThrow('left')
    await expect.poll(() => a.server.openRequests).toBe(0)
    expect(b.server.requests).toHaveLength(0)
    expect(told).toEqual([])
  })

  test('where the prompt does not fit the first and the next takes more', async () => {
    const small = await ollama([OK], 2_048)
    const large = await openAI('large', () => OK)
    const question = [{ role: 'user' as const, text: 'word '.repeat(4_000) }]
    const roomy = { ...large.model, contextTokens: 32_768 }
    expect(route([small.model, roomy]).model.contextTokens).toBe(32_768)
    expect((await askModel(route([small.model, roomy]).model, question)).text).toBe('hello there')
    await expect(askModel(route([small.model, large.model]).model, question)).rejects.toThrow(ContextLengthError)
  })
})

describe('where all fail', () => {
  test('the caller hears the most telling of it: what waiting cures', async () => {
    const loading = await openAI('loading', () => LOADING)
    const busy = await openAI('busy', () => BUSY)
    expect(await kindOf(ask(route([absent(), loading.model, busy.model]).model))).toBe('warming')
    expect(await kindOf(ask(route([busy.model, absent()]).model))).toBe('busy')
    const error = await ask(route([absent(), loading.model]).model).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ status: 502, code: 'model_warming_up', retryAfterSec: 15 })
  })

  test('a patient request goes round again until one answers', async () => {
    const a = await openAI('a', [BUSY, LOADING, OK])
    const { model } = route([absent(), a.model])
    expect(await ask(model, { patient: true })).toBe('hello there (a)')
    expect(a.server.requests).toHaveLength(3)
  })

  test('a patient request asks only the last that is left to wait by itself', async () => {
    const heard: string[] = []
    const cold = (name: string): Model => ({
      ...absent(name),
      async *stream({ patient }) {
        heard.push(`${name} ${patient}`)
        if (heard.length < 4) throw new BackendError('It is cold.', { kind: 'warming' })
        yield { type: 'finished', reason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } }
      },
    })
    const { model } = route([cold('a'), cold('b')])
    expect((await hear(model, { patient: true })).backend).toBe('b')
    expect(heard).toEqual(['a false', 'b true', 'a false', 'b true'])
    heard.length = 0
    await kindOf(ask(model))
    expect(heard).toEqual(['a false', 'b false'])
  })

  test('a patient request to a single backend goes on as well', async () => {
    const a = await ollama([BUSY, BUSY, OK])
    expect(await ask(route([a.model]).model, { patient: true })).toBe('hello there (ollama:qwen3:8b)')
  })

  test('a patient request ends with its signal, and at once on what waiting does not cure', async () => {
    const run = new AbortController()
    const { model, told } = route([absent('a'), absent('b')])
    const asked = ask(model, { patient: true, signal: run.signal })
    await expect.poll(() => told.length).toBeGreaterThan(3)
    run.abort(new Error('deadline'))
    await expect(asked).rejects.toThrow('deadline')
    const broken = await openAI('c', [{ status: 500, error: 'segfault' }])
    const eager = route([broken.model], { retryOn: ['failed'] })
    expect(await kindOf(ask(eager.model, { patient: true }))).toBe('failed')
  })
})

describe('a backend that fails again and again', () => {
  test('is benched after five calls, tried again after 10 s, and back when it answers', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let isUp = false
    const a = await openAI('a', () => (isUp ? OK : BUSY))
    const b = await openAI('b', () => OK)
    const { model, told } = route([a.model, b.model])
    for (let call = 1; call <= 8; call++) expect(await ask(model)).toBe('hello there (b)')
    expect(a.server.requests).toHaveLength(5)
    expect(told.filter((line) => line.startsWith('a '))).toEqual([
      ...Array.from({ length: 4 }, () => 'a failed: busy'),
      'a opened',
      'a failed: busy',
    ])

    // It is tried, fails, and is benched for twice as long.
    vi.setSystemTime(Date.now() + 10_000)
    await ask(model)
    expect(a.server.requests).toHaveLength(6)
    vi.setSystemTime(Date.now() + 19_000)
    await ask(model)
    expect(a.server.requests).toHaveLength(6)

    isUp = true
    vi.setSystemTime(Date.now() + 1_000)
    expect(await ask(model)).toBe('hello there (a)')
    expect(told.slice(-3)).toEqual(['a half_open', 'a closed', 'a ok'])
    expect(await ask(model)).toBe('hello there (a)')
  })

  test('is tried by one call only, and others do not wait for it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    let isHanging = false
    const a = await openAI('a', () => (isHanging ? { hang: true } : BUSY))
    const b = await openAI('b', () => OK)
    const { model } = route([a.model, b.model])
    for (let call = 1; call <= 5; call++) await ask(model)
    isHanging = true
    vi.setSystemTime(Date.now() + 10_000)
    const caller = new AbortController()
    const probe = ask(model, { signal: caller.signal })
    await expect.poll(() => a.server.openRequests).toBe(1)
    expect(await ask(model)).toBe('hello there (b)')
    // A probe that is broken off has shown nothing.
    caller.abort(new Error('left'))
    await expect(probe).rejects.toThrow('left')
    expect(await ask(model)).toBe('hello there (b)')
    expect(a.server.requests).toHaveLength(6)
  })

  test('still has its failure told where nobody else is left', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const { model, told } = route([absent('a'), absent('b')])
    for (let call = 1; call <= 5; call++) await kindOf(ask(model))
    const before = told.length
    expect(await kindOf(ask(model))).toBe('down')
    expect(told).toHaveLength(before)
  })

  test.each([
    ['it is warming up', LOADING, 'warming'],
    ['callers ask what it refuses', { status: 500, error: 'segfault' }, 'failed'],
  ])('is not benched because %s', async (_what, reply, kind) => {
    const a = await openAI('a', () => reply)
    const b = await openAI('b', () => reply)
    const { model, told } = route([a.model, b.model])
    for (let call = 1; call <= 8; call++) expect(await kindOf(ask(model))).toBe(kind)
    expect(a.server.requests).toHaveLength(8)
    expect(told.filter((line) => line.endsWith('opened'))).toEqual([])
  })
})

describe('weights', () => {
  test('share the runs, and the calls of one run stay where the first was answered', async () => {
    const a = await openAI('a', () => OK)
    const b = await openAI('b', () => OK)
    const draws = [0.1, 0.9, 0.9, 0.1]
    const { model } = route(
      [
        { model: a.model, weight: 1 },
        { model: b.model, weight: 1 },
      ],
      { random: () => draws.shift() ?? 0.9 },
    )
    const run = new AbortController()
    expect(await ask(model, { signal: run.signal })).toBe('hello there (a)')
    expect(await ask(model, { signal: run.signal })).toBe('hello there (a)')
    expect(await ask(model)).toBe('hello there (b)')
  })

  test('of 0 keep a backend for when the others fail', async () => {
    const spare = await openAI('spare', () => OK)
    const a = await openAI('a', [OK, BUSY])
    const { model } = route([
      { model: spare.model, weight: 0 },
      { model: a.model, weight: 1 },
    ])
    expect(await ask(model)).toBe('hello there (a)')
    expect(await ask(model)).toBe('hello there (spare)')
  })
})

describe('a backend with a limit of calls at once', () => {
  /** Answers when told to. */
  async function slow(name: string, concurrency: number) {
    const pending: (() => void)[] = []
    const served = await openAI(name, () => new Promise((resolve) => pending.push(() => resolve(OK))))
    return { backend: { model: served.model, concurrency }, server: served.server, pending }
  }

  test('is passed over while it is full', async () => {
    const a = await slow('a', 1)
    const b = await openAI('b', () => OK)
    const { model } = route([a.backend, b.model])
    const first = ask(model)
    await expect.poll(() => a.pending.length).toBe(1)
    expect(await ask(model)).toBe('hello there (b)')
    a.pending.shift()?.()
    expect(await first).toBe('hello there (a)')
  })

  test('has callers wait a little, in order, and then say that it is busy', async () => {
    const a = await slow('a', 1)
    const { model } = route([a.backend], { placeWaitMs: 150 })
    const first = ask(model)
    await expect.poll(() => a.pending.length).toBe(1)
    expect(await ask(model).catch((error: unknown) => error)).toMatchObject({
      status: 503,
      code: 'server_overloaded',
      retryAfterSec: 5,
    })
    const second = ask(model)
    a.pending.shift()?.()
    await first
    await expect.poll(() => a.pending.length).toBe(1)
    a.pending.shift()?.()
    expect(await second).toBe('hello there (a)')
    expect(a.server.requests).toHaveLength(2)
  })

  test('has patient requests wait as long as they live', async () => {
    const a = await slow('a', 1)
    const { model } = route([a.backend], { placeWaitMs: 1 })
    const first = ask(model)
    await expect.poll(() => a.pending.length).toBe(1)
    const patient = ask(model, { patient: true })
    const run = new AbortController()
    const cancelled = ask(model, { patient: true, signal: run.signal })
    expect(await kindOf(ask(model))).toBe('busy')
    run.abort(new Error('cancelled'))
    await expect(cancelled).rejects.toThrow('cancelled')
    a.pending.shift()?.()
    await first
    await expect.poll(() => a.pending.length).toBe(1)
    a.pending.shift()?.()
    expect(await patient).toBe('hello there (a)')
  })

  test.each<[string, Script, (model: Model) => Promise<unknown>]>([
    ['an answer', [OK, OK], (model) => ask(model)],
    ['a failure', [BUSY, OK], (model) => kindOf(ask(model))],
    ['an answer that breaks off', [{ text: ['a '], cut: true }, OK], (model) => kindOf(ask(model))],
    [
      'a caller who has heard enough',
      [{ text: ['a ', 'b '], thenHang: true }, OK],
      async (model) => {
        for await (const _ of model.stream(toModelRequest('hi'))) break
      },
    ],
    [
      'a caller who leaves',
      [{ hang: true }, OK],
      async (model) => {
        await ask(model, { signal: AbortSignal.timeout(20) }).catch(() => undefined)
      },
    ],
  ])('has its place back after %s', async (_what, script, first) => {
    const a = await openAI('a', script)
    const { model } = route([{ model: a.model, concurrency: 1 }], { placeWaitMs: 1 })
    await first(model)
    expect(await ask(model)).toBe('hello there (a)')
    await expect.poll(() => a.server.openRequests).toBe(0)
  })
})

describe('a job that outlives the process', () => {
  function recording(name: string): { model: Model; heard: JobMemo['known'][] } {
    const heard: JobMemo['known'][] = []
    async function* stream({ job }: ModelRequest): AsyncGenerator<ModelEvent> {
      heard.push(job?.known)
      await job?.keep({ backend: 'as it calls itself', id: `job-of-${name}` })
      yield { type: 'finished', reason: 'stop', usage: { promptTokens: 1, completionTokens: 1 } }
    }
    const model: Model = {
      id: 'c',
      backend: name,
      contextTokens: undefined,
      stream,
      check: async () => ({ status: 'ok' }),
    }
    return { model, heard }
  }

  test('is asked for at its backend first, and shown to no other', async () => {
    const kept: unknown[] = []
    const memo = (known: JobMemo['known']): JobMemo => ({
      known,
      keep: async (job) => void kept.push(job),
      goesOn: () => false,
    })
    const [a, b] = [recording('a'), recording('b')]
    const { model } = route([a.model, b.model])
    const known = { backend: 'b', id: 'job-1' }
    expect((await hear(model, { job: memo(known) })).backend).toBe('b')
    expect([a.heard, b.heard]).toEqual([[], [known]])
    expect((await hear(model, { job: memo({ backend: 'gone', id: 'job-2' }) })).backend).toBe('a')
    expect(a.heard).toEqual([undefined])
    expect(kept).toEqual([
      { backend: 'b', id: 'job-of-b' },
      { backend: 'a', id: 'job-of-a' },
    ])
  })

  test('is cancelled at its backend, where that is still one of the model', async () => {
    const cancelled: string[] = []
    const cancelling = (name: string): Model => ({
      ...recording(name).model,
      cancelJob: async ({ id }) => cancelled.push(`${id} of ${name}`) > 0,
    })
    const { model } = route([cancelling('a'), cancelling('b'), recording('c').model])
    const { signal } = new AbortController()
    expect(await model.cancelJob?.({ backend: 'b', id: 'job-1' }, signal)).toBe(true)
    for (const backend of ['c', 'gone']) expect(await model.cancelJob?.({ backend, id: 'job-2' }, signal)).toBe(false)
    expect(cancelled).toEqual(['job-1 of b'])
  })
})

describe('what a backend cannot do', () => {
  const tools = [GAS_PRICE]

  test('it is not asked for: one that can is', async () => {
    const a = await openAI('a', () => OK)
    const b = await openAI('b', () => OK)
    const { model } = route([{ model: a.model, canCallTools: false, canWriteJson: false }, { model: b.model }])
    expect(await ask(model, { tools })).toBe('hello there (b)')
    expect(await ask(model, { format: { schema: { type: 'object' } } })).toBe('hello there (b)')
    expect(await ask(model)).toBe('hello there (a)')
  })

  test('is left out where none can, but for the tools of a caller, who would wait for their calls', async () => {
    const a = await openAI('a', () => OK)
    const { model } = route([{ model: a.model, canCallTools: false, canWriteJson: false }])
    await ask(model, { tools })
    await ask(model, { format: {} })
    expect(a.server.requests.map(({ body }) => [body.tools, body.response_format])).toEqual(
      [[], []].map(() => [undefined, undefined]),
    )
    await expect(ask(model, { tools: [{ ...GAS_PRICE, strict: false } as never] })).rejects.toThrow(BadRequestError)
  })

  test('an answer is no longer than the model allows', async () => {
    const a = await openAI('a', () => OK)
    const { model } = route([a.model], { answerTokens: 100 })
    for (const params of [{}, { maxTokens: 20 }, { maxTokens: 500 }]) await ask(model, { params })
    expect(a.server.requests.map(({ body }) => body.max_tokens ?? body.max_completion_tokens)).toEqual([100, 20, 100])
  })
})

describe('a single backend', () => {
  test('answers under its own name, and has its successes and failures told', async () => {
    const a = await openAI('a', [OK, BUSY])
    const { model, told } = route([a.model])
    expect(model.backend).toBe('a')
    expect(await askModel(model, 'hi')).toMatchObject({ text: 'hello there', reason: 'stop' })
    expect(await kindOf(ask(model))).toBe('busy')
    expect(told).toEqual(['a ok', 'a failed: busy'])
  })

  test.each<[string, Script]>([
    ['before its answer', () => ({ hang: true })],
    ['within its answer', () => ({ text: ['a ', 'b '], thenHang: true })],
  ])('has nothing told of a caller who leaves %s', async (_when, script) => {
    const a = await openAI('a', script)
    for (const concurrency of [undefined, 1]) {
      const { model, told } = route([{ model: a.model, concurrency }])
      const caller = new AbortController()
      const asked = ask(model, { signal: caller.signal })
      await expect.poll(() => a.server.openRequests).toBe(1)
      caller.abort(new Error('left'))
      await expect(asked).rejects.toThrow('left')
      expect(told.filter((line) => line.includes('failed'))).toEqual([])
      await expect.poll(() => a.server.openRequests).toBe(0)
    }
  })

  test('is always asked, however often it has failed', async () => {
    const a = await openAI('a', () => BUSY)
    const { model } = route([a.model])
    for (let call = 1; call <= 8; call++) await kindOf(ask(model))
    expect(a.server.requests).toHaveLength(8)
  })
})

test('the health of a model is the best of its backends, and tells all that is to be done where none is up', async () => {
  const a = await openAI('a', [])
  const signal = new AbortController().signal
  expect(await route([absent('b'), a.model]).model.check(signal)).toEqual({ status: 'ok' })
  const { status, detail } = await route([absent('b'), absent('c')]).model.check(signal)
  expect(status).toBe('down')
  expect(detail).toMatch(/^b: .+; c: .+$/)
})
