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
  toolTexts,
  untilAborted,
} from '../../test/support/agent-run.ts'
import { BackendError, ContextLengthError } from '../errors.ts'
import type { Message } from '../messages.ts'
import { toFailedResult } from '../tools/failed-result.ts'
import type { ToolResult } from '../tools/tool.ts'
import { runAgent } from './loop.ts'

describe('a run', () => {
  test('calls the tools a step asks for and answers from their results', async () => {
    const model = scriptedModel([[call('nonce', '{"address":"vitalik.eth"}')], [text('It is '), text('1648.')]])
    const { answer, finished } = await run({ model })
    expect(answer).toBe('It is 1648.')
    expect(finished).toMatchObject({ reason: 'stop', limit: null, usage: { promptTokens: 20, completionTokens: 10 } })
    expect(model.requests[1]?.messages.slice(-2)).toMatchObject([
      { role: 'assistant', toolCalls: [{ name: 'nonce' }] },
      { role: 'tool', toolName: 'nonce', text: '{"summary":"nonce 1"}' },
    ])
  })

  test('keeps a preamble before a tool call out of the answer', async () => {
    const preamble = ['Let', ' me', ' check', ' that', '.'].map(text)
    const model = scriptedModel([[...preamble, call('nonce', '{}'), text(' One moment.')], [text('1648')]])
    expect((await run({ model })).answer).toBe('1648')
  })

  test('keeps a preamble of any length out of the answer of a caller who does not read along', async () => {
    const preamble = Array.from({ length: 100 }, () => text('word '))
    const model = scriptedModel([[...preamble, call('nonce', '{}')], [text('1648')]])
    expect((await run({ model, readsAlong: false })).answer).toBe('1648')
  })

  test('sets text that had to leave before a tool call apart from the answer', async () => {
    const model = scriptedModel([
      [...Array.from({ length: 30 }, () => text('w ')), call('nonce', '{}')],
      [text('1648')],
    ])
    const { answer } = await run({ model })
    expect(answer).toBe(`${'w '.repeat(30)}\n\n1648`)
  })

  test('delays a plain answer by no more than 24 tokens', async () => {
    const sent: number[] = []
    const model = createModel(async function* () {
      for (let i = 1; i <= 40; i++) {
        sent.push(i)
        yield text(` t${i}`)
      }
      yield finished()
    })
    const held: number[] = []
    for await (const event of runAgent(toLoopInput({ model }))) if (event.type === 'text') held.push(sent.length)
    expect(held[0]).toBe(24)
    expect(held.slice(1)).toEqual(Array.from({ length: 16 }, (_, i) => 25 + i))
  })

  test('never lets thinking into the answer', async () => {
    const model = scriptedModel([[{ type: 'reasoning', text: 'hmm' }, text('42')]])
    expect((await run({ model })).answer).toBe('42')
  })

  test('runs the calls of a step side by side and hands their results back in call order', async () => {
    let running = 0
    let most = 0
    const model = scriptedModel([
      ['a', 'b', 'c', 'd', 'e'].map((name) => call('nonce', `{"n":"${name}"}`)),
      [text('done')],
    ])
    const last = Promise.withResolvers<void>()
    const fourth = Promise.withResolvers<void>()
    const tools = toolsThat(async ({ argumentsText }) => {
      most = Math.max(most, ++running)
      if (running === 4) fourth.resolve()
      if (argumentsText.includes('e')) last.resolve()
      await (argumentsText.includes('a') ? last.promise : fourth.promise)
      running--
      return found(argumentsText)
    })
    await run({ model, tools })
    expect(most).toBe(4)
    expect(toolTexts(model.requests[1])).toEqual(
      ['a', 'b', 'c', 'd', 'e'].map((name) => `{"summary":"{\\"n\\":\\"${name}\\"}"}`),
    )
  })

  test('answers a failed tool to the model, and goes on', async () => {
    const model = scriptedModel([[call('nonce', '{}')], [text('It failed.')]])
    const { answer } = await run({ model, tools: toolsThat(async () => toFailedResult('no such name')) })
    expect(toolTexts(model.requests[1])).toEqual(['{"error":"no such name"}'])
    expect(answer).toBe('It failed.')
  })

  test('never runs a tool that was not offered', async () => {
    const model = scriptedModel([[call('send_money', '{}')], [text('Sorry.')]])
    const ran: string[] = []
    await run({ model, tools: toolsThat(async ({ name }) => found(String(ran.push(name)))) })
    expect(ran).toEqual([])
    expect(toolTexts(model.requests[1])[0]).toContain("no tool named 'send_money'")
  })

  test('answers a third identical call from the first', async () => {
    const model = scriptedModel([
      [call('nonce', '{"a":1,"b":2}')],
      [call('nonce', '{"b":2,"a":1}')],
      [call('nonce', '{"a":1,"b":2}')],
      [text('done')],
    ])
    let times = 0
    await run({ model, tools: toolsThat(async () => found(String(++times))) })
    expect(times).toBe(2)
    expect(toolTexts(model.requests[3])).toEqual(['{"summary":"1"}', '{"summary":"2"}', '{"summary":"1"}'])
  })

  test('takes calls whose numbers differ in the last of many digits for different calls', async () => {
    const wei = ['9007199254740992', '9007199254740992', '9007199254740993']
    const model = scriptedModel([...wei.map((n) => [call('nonce', `{"n":${n}}`)]), [text('done')]])
    const ran: string[] = []
    await run({ model, tools: toolsThat(async ({ argumentsText }) => found(String(ran.push(argumentsText)))) })
    expect(ran).toHaveLength(3)
  })

  test('answers a third identical call from the second where the first failed', async () => {
    const model = scriptedModel([[call('nonce', '{}')], [call('nonce', '{}')], [call('nonce', '{}')], [text('done')]])
    let times = 0
    await run({ model, tools: toolsThat(async () => (++times === 1 ? toFailedResult('try again') : found('2'))) })
    expect(times).toBe(2)
    expect(toolTexts(model.requests[3])).toEqual(['{"error":"try again"}', '{"summary":"2"}', '{"summary":"2"}'])
  })
})

describe('a limit', () => {
  const restless = () => scriptedModel(Array.from({ length: 20 }, (_, n) => [call('nonce', `{"n":${n}}`)]))

  test('of steps ends the run with one step without tools', async () => {
    const model = createModel(async function* ({ tools }) {
      yield tools.length > 0 ? call('nonce', `{"n":${model.requests.length}}`) : text('What I have: 1648.')
      yield finished()
    })
    const { answer, finished: end } = await run({ model, limits: { maxSteps: 3 } })
    expect(answer).toBe('What I have: 1648.')
    expect(end.limit).toBe('max_steps')
    expect(model.requests.map((request) => request.tools.length)).toEqual([1, 1, 0])
    expect(model.requests[2]?.messages.at(-1)).toEqual({ role: 'user', text: 'No more tools.' })
  })

  test('of tool calls refuses the calls beyond it and asks for the answer', async () => {
    const model = scriptedModel([['1', '2', '3'].map((n) => call('nonce', `{"n":${n}}`)), [text('done')]])
    const { finished: end } = await run({ model, limits: { maxToolCalls: 2 } })
    expect(toolTexts(model.requests[1])[2]).toContain('limit of tool calls')
    expect(end.limit).toBe('max_tool_calls')
    expect(model.requests[1]?.tools).toEqual([])
  })

  test('of repairs ends a model that cannot write arguments', async () => {
    const model = restless()
    const tools = toolsThat(async () => toFailedResult('bad arguments', { invalidArguments: true }))
    const { answer, finished: end } = await run({ model, tools })
    expect(model.requests.length).toBe(4)
    expect(answer).toContain('bad arguments')
    expect(end.limit).toBe('max_repairs')
  })

  test('of tokens is seen before the next step', async () => {
    const { finished: end } = await run({ model: restless(), limits: { maxTotalTokens: 30 } })
    expect(end).toMatchObject({ limit: 'max_tokens', usage: { promptTokens: 30, completionTokens: 15 } })
  })

  test('of time stops the tools early enough to answer', async () => {
    const model = scriptedModel([[call('nonce', '{}')], [text('The tool was too slow.')]])
    const tools = toolsThat(
      (_, signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(toFailedResult('stopped')))),
    )
    const { answer, finished: end } = await run({ model, tools, limits: { runTimeoutMs: 200 } })
    expect(answer).toBe('The tool was too slow.')
    expect(end.limit).toBe('run_timeout')
  })

  test('of time, when the model hangs after the tools, tells what they found', async () => {
    const model = createModel(async function* ({ messages, signal }) {
      if (messages.some(({ role }) => role === 'tool')) await untilAborted(signal)
      yield call('nonce', '{}')
      yield finished()
    })
    const { answer, finished: end } = await run({ model, limits: { runTimeoutMs: 100 } })
    expect(answer).toBe('nonce 1')
    expect(end).toMatchObject({ reason: 'length', limit: 'run_timeout' })
  })

  test('of time is a 504 when there is nothing to tell', async () => {
    const model = createModel(async function* ({ signal }) {
      await untilAborted(signal)
      yield finished()
    })
    await expect(run({ model, limits: { runTimeoutMs: 50 } })).rejects.toMatchObject({
      status: 504,
      code: 'model_timeout',
    })
  })
})

describe('when the model fails', () => {
  test('an empty answer becomes what the tools found, each thing once', async () => {
    const model = scriptedModel([[call('nonce', '{}'), call('nonce', '{}')], []])
    expect((await run({ model })).answer).toBe('nonce 1')
  })

  test('an empty answer becomes what the tools found, also where a long preamble has left before', async () => {
    const model = scriptedModel([[...Array.from({ length: 30 }, () => text('w ')), call('nonce', '{}')], []])
    expect((await run({ model })).answer).toBe(`${'w '.repeat(30)}\n\nnonce 1`)
  })

  test('an empty answer without tools says so', async () => {
    expect((await run({ model: scriptedModel([[]]) })).answer).toContain('empty answer')
  })

  test('its error is the run’s error', async () => {
    const model = createModel(async function* () {
      yield* []
      throw new BackendError('The model is down.', { kind: 'down' })
    })
    await expect(run({ model })).rejects.toThrow('The model is down.')
  })

  test('a reply that never finishes is an error', async () => {
    const model = createModel(async function* () {
      yield text('half an ans')
    })
    await expect(run({ model })).rejects.toMatchObject({ status: 502 })
  })

  test('tool results that do not fit are cut to their summaries, and the question stays', async () => {
    const model = createModel(async function* ({ messages }) {
      const tool = messages.find(({ role }) => role === 'tool')
      if (tool === undefined) yield call('nonce', '{}')
      else if (tool.text.length > 100) throw new ContextLengthError({ limitTokens: 10, promptTokens: 99 })
      else yield text(`${messages.find(({ role }) => role === 'user')?.text} ${tool.text}`)
      yield finished()
    })
    const json = JSON.stringify({ summary: 'short', result: 'x'.repeat(500) })
    const long: ToolResult = { ok: true, text: json, summary: 'short', output: {}, blocks: [] }
    const { answer } = await run({ model, tools: toolsThat(async () => long) })
    expect(answer).toBe('what is it? {"summary":"short"}')
  })

  test('tool results that cannot get shorter end the run as too long, however short they are', async () => {
    const model = createModel(async function* ({ messages }) {
      if (messages.length > 1) throw new ContextLengthError({ limitTokens: 10, promptTokens: 99 })
      yield call('nonce', '{}')
      yield finished()
    })
    await expect(run({ model })).rejects.toBeInstanceOf(ContextLengthError)
    expect(model.requests).toHaveLength(2)
  })

  test('a backend that finds every prompt too long is asked a few times only, within one step', async () => {
    const results = Array.from({ length: 10 }, (_, n): Message[] => [
      { role: 'assistant', text: '', toolCalls: [{ id: `c${n}`, name: 'nonce', argumentsText: '{}' }] },
      { role: 'tool', callId: `c${n}`, toolName: 'nonce', text: 'x'.repeat(40_000) },
    ])
    const model = createModel(async function* () {
      yield* []
      throw new ContextLengthError({ limitTokens: 1_000, promptTokens: 1_001 })
    })
    const messages: Message[] = [{ role: 'user', text: 'q' }, ...results.flat()]
    await expect(run({ model, messages })).rejects.toBeInstanceOf(ContextLengthError)
    expect(model.requests.length).toBeLessThanOrEqual(4)
  })

  test('a prompt that is found too long after text has left is an error: no text is said twice', async () => {
    const model = createModel(async function* () {
      for (let n = 0; n < 30; n++) yield text(`w${n} `)
      throw new ContextLengthError({ limitTokens: 10, promptTokens: 99 })
    })
    const messages: Message[] = [
      { role: 'user', text: 'q' },
      { role: 'assistant', text: '', toolCalls: [{ id: 'c', name: 'nonce', argumentsText: '{}' }] },
      { role: 'tool', callId: 'c', toolName: 'nonce', text: 'x'.repeat(40_000) },
    ]
    await expect(run({ model, messages })).rejects.toBeInstanceOf(ContextLengthError)
    expect(model.requests).toHaveLength(1)
  })

  test('a caller who leaves ends the run with their reason', async () => {
    const caller = new AbortController()
    const model = createModel(async function* ({ signal }) {
      caller.abort(new Error('hung up'))
      await untilAborted(signal)
      yield finished()
    })
    await expect(run({ model, signal: caller.signal })).rejects.toThrow('hung up')
  })
})
