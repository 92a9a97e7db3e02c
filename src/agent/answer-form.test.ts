import { describe, expect, test } from 'vitest'
import {
  call,
  createModel,
  finished,
  found,
  run,
  scriptedModel,
  text,
  toLoopInput,
  toolsThat,
} from '../../test/support/agent-run.ts'
import { BackendError } from '../errors.ts'
import type { ModelEvent } from '../models/model.ts'
import type { AgentEvent } from './events.ts'
import { runAgent } from './loop.ts'

const NO_TOOLS = { ...toolsThat(async () => found('')), definitions: [] }
const format = { schema: { type: 'object', properties: { nonce: { type: 'integer' } }, required: ['nonce'] } }
const cut: ModelEvent = { ...finished(), reason: 'length' }

describe('an answer that is to be JSON', () => {
  test('is written in a step without tools, after those with tools', async () => {
    const model = scriptedModel([[call('nonce', '{}')], [text('It is 1648.')], [text('{"nonce":1648}')]])
    const { answer, finished: end } = await run({ model, format })
    expect(answer).toBe('{"nonce":1648}')
    expect(end).toMatchObject({ reason: 'stop', usage: { promptTokens: 30, completionTokens: 15 } })
    expect(model.requests.map(({ tools, format }) => [tools.length, format])).toEqual([
      [1, undefined],
      [1, undefined],
      [0, format],
    ])
    expect(model.requests[2]?.messages.slice(-2)).toEqual([
      { role: 'assistant', text: 'It is 1648.', toolCalls: [] },
      { role: 'user', text: 'Write JSON.' },
    ])
  })

  test('costs no further step where the model wrote it at once, fenced or not', async () => {
    const model = scriptedModel([[text('```json\n{"nonce"'), text(':1648}\n```')]])
    expect((await run({ model, format })).answer).toBe('{"nonce":1648}')
    expect(model.requests).toHaveLength(1)
  })

  test('is asked for at once where there are no tools', async () => {
    const model = scriptedModel([[text('{"nonce":1648}')]])
    await run({ model, format, tools: NO_TOOLS })
    expect(model.requests[0]).toMatchObject({ tools: [], format, messages: [{ role: 'user' }] })
  })

  test('is repaired once', async () => {
    const model = scriptedModel([[text('{"nonce":"?"}')], [text('{"nonce":1648}')]])
    const { answer } = await run({ model, format, tools: NO_TOOLS })
    expect(answer).toBe('{"nonce":1648}')
    expect(model.requests[1]?.messages.slice(-2)).toMatchObject([
      { role: 'assistant', text: '{"nonce":"?"}' },
      { role: 'user', text: expect.stringMatching(/^Not so: nonce: .*integer/) },
    ])
  })

  test('that stays wrong is a 502, and nothing of it leaves', async () => {
    const model = scriptedModel([[text('no')], [text('{}')], [text('{}')]])
    const run1 = run({ model, format, tools: NO_TOOLS })
    await expect(run1).rejects.toMatchObject({ status: 502, message: expect.stringContaining('response_format') })
    expect(model.requests).toHaveLength(2)
  })

  test('cut by max_tokens is a 400 that says so', async () => {
    const model = createModel(async function* () {
      yield text('{"nonce":16')
      yield cut
    })
    await expect(run({ model, format, tools: NO_TOOLS, params: { maxTokens: 4 } })).rejects.toMatchObject({
      status: 400,
      param: 'max_tokens',
    })
  })

  test('that is longer than max_tokens allows is a 400 also where a step with tools wrote it', async () => {
    const model = scriptedModel([[text('{"nonce":1648}')]])
    await expect(run({ model, format, params: { maxTokens: 4 } })).rejects.toMatchObject({ param: 'max_tokens' })
    expect(
      (await run({ model: scriptedModel([[text('{"nonce":1648}')]]), format, params: { maxTokens: 5 } })).answer,
    ).toBe('{"nonce":1648}')
  })

  test('stopped by a content filter is a 502 that says so', async () => {
    const model = createModel(async function* () {
      yield { ...finished(), reason: 'content_filter' }
    })
    await expect(run({ model, format, tools: NO_TOOLS })).rejects.toThrow(/content filter/)
  })

  test('comes also where a limit ends the search', async () => {
    const model = createModel(async function* ({ tools }) {
      yield tools.length > 0 ? call('nonce', '{}') : text('{"nonce":1}')
      yield finished()
    })
    const { answer, finished: end } = await run({ model, format, limits: { maxSteps: 2 } })
    expect([answer, end.limit]).toEqual(['{"nonce":1}', 'max_steps'])
  })
})

describe('max_tokens', () => {
  const words = (count: number) => Array.from({ length: count }, (_, at) => text(` w${at}`))

  test('leaves steps that call tools alone, and is told to the backend where there are none', async () => {
    const model = scriptedModel([[call('nonce', '{}')], words(3)])
    await run({ model, params: { maxTokens: 5, stop: ['x'], seed: 7 } })
    await run({ model: model, params: { maxTokens: 5, stop: ['x'] }, tools: NO_TOOLS })
    expect(model.requests.map(({ params }) => params)).toEqual([
      { maxTokens: 2_048, seed: 7 },
      { maxTokens: 2_048, seed: 7 },
      { maxTokens: 5, stop: ['x'] },
    ])
  })

  test.each([true, false])('cuts the answer, alike for a caller who reads along (%s) or not', async (readsAlong) => {
    const model = scriptedModel([[call('nonce', '{}')], words(100)])
    const { answer, finished: end } = await run({ model, readsAlong, params: { maxTokens: 30 } })
    expect(answer).toBe(Array.from({ length: 30 }, (_, at) => ` w${at}`).join(''))
    expect(end.reason).toBe('length')
  })

  test('ends the call once the answer is full, and counts what was written', async () => {
    let written = 0
    const model = createModel(async function* () {
      for (const word of words(1_000)) {
        written++
        yield word
      }
      yield finished()
    })
    const { answer, finished: end } = await run({ model, params: { maxTokens: 5 } })
    expect(answer).toBe(' w0 w1 w2 w3 w4')
    expect(written).toBe(24) // until then a call could still have come
    expect(end).toMatchObject({ reason: 'length', usage: { completionTokens: 24 } })
    expect(end.usage.promptTokens).toBeGreaterThan(0)
  })

  test('does not cut a tool call that follows more text than it allows', async () => {
    const model = scriptedModel([[...words(10), call('nonce', '{}')], [text('1648')]])
    expect((await run({ model, params: { maxTokens: 5 } })).answer).toBe('1648')
  })

  test('that is not reached changes nothing', async () => {
    const { answer, finished: end } = await run({ model: scriptedModel([words(5)]), params: { maxTokens: 5 } })
    expect([answer, end.reason]).toEqual([' w0 w1 w2 w3 w4', 'stop'])
  })
})

describe('stop', () => {
  test.each([true, false])('ends the visible answer (reads along: %s), never a tool call', async (readsAlong) => {
    const model = scriptedModel([
      [text('Let me'), text(' see.'), call('nonce', '{"a":"}"}')],
      [text('It is '), text('16'), text('48}'), text(' or so')],
    ])
    const { answer, finished: end } = await run({ model, readsAlong, params: { stop: ['}', ' see'] } })
    expect([answer, end.reason]).toEqual(['It is 1648', 'stop'])
  })

  test('at the very start leaves an empty answer, as the caller has asked', async () => {
    const { answer, finished: end } = await run({
      model: scriptedModel([[text('one two')]]),
      params: { stop: ['one'] },
    })
    expect([answer, end.reason]).toEqual(['', 'stop'])
  })

  test.each([
    ['after a blank', [[text('\n'), text('one two')]], '\n'],
    ['after a preamble that has left', [[text('Let me see. '), call('nonce', '{}')], [text('one')]], 'Let me see. '],
  ])('at the very start, %s, adds nothing of ours', async (_, steps, expected) => {
    const { answer } = await run({
      model: scriptedModel(steps),
      params: { stop: ['one'] },
      limits: { holdBackTokens: 1 },
    })
    expect(answer).toBe(expected)
  })

  test('is no reason to keep silent where the model said nothing at all', async () => {
    const model = scriptedModel([[call('nonce', '{}')], []])
    expect((await run({ model, params: { stop: ['x'] } })).answer).toBe('nonce 1')
  })

  test('in words before a call does not end the run of a caller who does not read along', async () => {
    const preamble = Array.from({ length: 40 }, () => text('w '))
    const model = scriptedModel([[...preamble, text('\n\n'), call('nonce', '{}')], [text('1648')]])
    const { answer } = await run({ model, readsAlong: false, params: { stop: ['\n\n'] } })
    expect(answer).toBe('1648')
  })

  test('is not asked of JSON, which it would break', async () => {
    const model = scriptedModel([[text('{"nonce":1}')]])
    const { answer } = await run({ model, format, tools: NO_TOOLS, params: { stop: ['}'] } })
    expect(answer).toBe('{"nonce":1}')
    expect(model.requests[0]?.params).toEqual({})
  })
})

describe('usage', () => {
  test('tells what a step wrote before the model failed', async () => {
    const model = createModel(async function* () {
      yield text('one')
      yield text(' two')
      throw new BackendError('The model is down.', { kind: 'down' })
    })
    const events: AgentEvent[] = []
    const failing = async () => {
      for await (const event of runAgent(toLoopInput({ model }))) events.push(event)
    }
    await expect(failing()).rejects.toThrow('The model is down.')
    expect(events.at(-1)).toMatchObject({ type: 'step_finished', usage: { completionTokens: 2 } })
  })

  test('holds what a step wrote before the time was over', async () => {
    const model = createModel(async function* ({ messages, signal }) {
      if (messages.at(-1)?.role !== 'tool') {
        yield call('nonce', '{}')
        return yield finished()
      }
      yield text('It')
      yield text(' is')
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    })
    const { finished: end } = await run({ model, limits: { runTimeoutMs: 100 } })
    expect(end).toMatchObject({ limit: 'run_timeout', usage: { completionTokens: 5 + 2 } })
    expect(end.usage.promptTokens).toBeGreaterThan(10)
  })
})
