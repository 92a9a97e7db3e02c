import { describe, expect, test } from 'vitest'
import {
  call,
  createModel,
  finished,
  found,
  run,
  scriptedModel,
  text,
  toolsThat,
  toolTexts,
} from '../../test/support/agent-run.ts'
import type { ClientTool } from '../messages.ts'

const read: ClientTool = {
  name: 'read',
  description: 'Reads a file.',
  parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  strict: false,
}
const write: ClientTool = { ...read, name: 'write' }
const clientTools = [read, write]
const NO_TOOLS = { ...toolsThat(async () => found('')), definitions: [] }

const names = (calls: readonly { name: string }[]) => calls.map(({ name }) => name)

describe('a step', () => {
  test('offers the tools of the gateway first, then those of the caller', async () => {
    const model = scriptedModel([[text('hi')]])
    await run({ model, clientTools })
    expect(names(model.requests[0]?.tools ?? [])).toEqual(['nonce', 'read', 'write'])
    expect(model.requests[0]?.toolChoice).toBe('auto')
  })

  test('that calls the tools of the caller alone hands them over, with the text so far', async () => {
    const model = scriptedModel([[text('Reading.'), call('read', '{"path":"a"}'), call('write', '{"path":"b"}')]])
    const { answer, finished: end, handedOver } = await run({ model, clientTools })
    expect(answer).toBe('Reading.')
    expect(handedOver).toMatchObject([{ name: 'read' }, { name: 'write', argumentsText: '{"path":"b"}' }])
    expect(end).toMatchObject({ reason: 'tool_calls', usage: { promptTokens: 10, completionTokens: 5 } })
  })

  test('of an answer that is to be JSON hands over its calls alone, as clients parse the text beside them', async () => {
    const model = scriptedModel([[text('Reading.'), call('read', '{}')]])
    const { answer, handedOver } = await run({ model, clientTools, format: {} })
    expect([answer, names(handedOver)]).toEqual(['', ['read']])
  })

  test('that calls both runs its own first, and ends in the whole exchange', async () => {
    const model = scriptedModel([[call('nonce', '{}'), call('read', '{"path":"a"}'), call('nonce', '{"n":2}')]])
    const ran: string[] = []
    const tools = toolsThat(async ({ argumentsText }) => found(`nonce ${ran.push(argumentsText)}`))
    const { finished: end, handedOver } = await run({ model, clientTools, tools })
    expect(ran).toEqual(['{}', '{"n":2}'])
    expect(names(handedOver)).toEqual(['read'])
    expect(end.messages.slice(1)).toMatchObject([
      { role: 'assistant', toolCalls: [{ name: 'nonce' }, { name: 'read' }, { name: 'nonce' }] },
      { role: 'tool', toolName: 'nonce', text: '{"summary":"nonce 1"}' },
      { role: 'tool', toolName: 'nonce', text: '{"summary":"nonce 2"}' },
    ])
  })

  test('hands over one call at most where the caller wants no more', async () => {
    const model = scriptedModel([[call('read', '{}'), call('nonce', '{}'), call('write', '{}')]])
    const { finished: end, handedOver } = await run({ model, clientTools, parallelToolCalls: false })
    expect(names(handedOver)).toEqual(['read'])
    expect(end.messages[1]).toMatchObject({ toolCalls: [{ name: 'read' }, { name: 'nonce' }] })
  })

  test('with a call that cannot be handed over has all of them made again', async () => {
    const model = scriptedModel([
      [call('read', 'a file'), call('write', '{"path":"b"}')],
      [call('read', '{"path":"a"}'), call('write', '{"path":"b"}')],
    ])
    const { handedOver, finished: end } = await run({ model, clientTools })
    expect(names(handedOver)).toEqual(['read', 'write'])
    expect(toolTexts(model.requests[1])).toEqual([
      '{"error":"The arguments are not a JSON object."}',
      expect.stringContaining('Make all of them again'),
    ])
    expect(end.usage).toEqual({ promptTokens: 20, completionTokens: 10, cachedTokens: 0, reasoningTokens: 0 })
  })

  test.each(['', '{"path":"a'])('with a call that was cut off (%j) has it made again', async (argumentsText) => {
    const model = createModel(async function* ({ messages }) {
      const isAgain = messages.at(-1)?.role === 'tool'
      yield call('read', isAgain ? '{"path":"a"}' : argumentsText)
      yield isAgain ? finished() : { ...finished(), reason: 'length' }
    })
    const { handedOver } = await run({ model, clientTools })
    expect(handedOver).toMatchObject([{ argumentsText: '{"path":"a"}' }])
    expect(toolTexts(model.requests[1])).toEqual([expect.stringContaining('cut off')])
  })

  test('whose arguments do not fit a strict tool is repaired twice at most; then the model answers without tools', async () => {
    const model = createModel(async function* ({ tools }) {
      yield tools.length > 0 ? call('read', '{"file":"a"}') : text('I cannot.')
      yield finished()
    })
    const { answer, finished: end } = await run({ model, clientTools: [{ ...read, strict: true }] })
    expect({ answer, limit: end.limit, steps: model.requests.length }).toEqual({
      answer: 'I cannot.',
      limit: 'max_repairs',
      steps: 4,
    })
  })

  test('that is made again does not say its words twice to a caller who does not read along', async () => {
    const model = scriptedModel([
      [text("I'll read."), call('read', '[')],
      [text("I'll read."), call('read', '{"path":"a"}')],
    ])
    expect((await run({ model, clientTools, tools: NO_TOOLS, readsAlong: false })).answer).toBe("I'll read.")
  })

  test('with nothing to hide streams its text at once', async () => {
    const model = scriptedModel([[text('a'), text('b'), call('read', '{}')]])
    const { events } = await run({ model, clientTools, tools: NO_TOOLS })
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(['a', 'b'])
  })

  test('that calls a name that nobody offered is told so, and the caller never hears of it', async () => {
    const model = scriptedModel([[call('delete', '{}'), call('read', '{}')], [text('done')]])
    const { handedOver, finished: end } = await run({ model, clientTools })
    expect(names(handedOver)).toEqual(['read'])
    expect(end.messages.at(-1)).toMatchObject({ role: 'tool', text: expect.stringContaining('nonce, read, write') })
  })
})

describe('the choice of tools', () => {
  test('none: the tools of the caller are not offered, those of the gateway are', async () => {
    const model = scriptedModel([[text('hi')]])
    await run({ model, clientTools, toolChoice: 'none' })
    expect(names(model.requests[0]?.tools ?? [])).toEqual(['nonce'])
  })

  test('required: after the tools of the gateway, the call is asked for with nothing else on offer', async () => {
    const model = scriptedModel([[call('nonce', '{}')], [text('It is 1.')], [text('Well.'), call('write', '{}')]])
    const { answer, handedOver } = await run({ model, clientTools, toolChoice: 'required' })
    expect(model.requests.map(({ tools, toolChoice }) => [names(tools), toolChoice])).toEqual([
      [['nonce', 'read', 'write'], 'required'],
      [['nonce', 'read', 'write'], 'required'],
      [['read', 'write'], 'required'],
    ])
    expect(model.requests[2]?.messages.at(-1)).toEqual({ role: 'user', text: 'Call a function.' })
    expect({ answer, called: names(handedOver) }).toEqual({ answer: '', called: ['write'] })
  })

  test('a name: that tool alone is offered beside those of the gateway', async () => {
    const model = scriptedModel([[call('read', '{}')], [text('no')], [call('write', '{}')]])
    const { handedOver } = await run({ model, clientTools, toolChoice: { name: 'write' } })
    expect(names(model.requests[0]?.tools ?? [])).toEqual(['nonce', 'write'])
    expect(model.requests[2]?.toolChoice).toEqual({ name: 'write' })
    expect(names(handedOver)).toEqual(['write'])
  })

  test('is asked for at once where the gateway offers nothing itself', async () => {
    const model = scriptedModel([[call('write', '{}')]])
    await run({ model, clientTools, tools: NO_TOOLS, toolChoice: { name: 'write' } })
    expect(model.requests[0]).toMatchObject({ toolChoice: { name: 'write' }, tools: [{ name: 'write' }] })
  })

  test('that a model does not heed is a 502, never a made-up call', async () => {
    const model = scriptedModel([[text('no')], [text('no')], [text('no')]])
    await expect(run({ model, clientTools, toolChoice: 'required' })).rejects.toMatchObject({
      status: 502,
      message: expect.stringContaining('tool_choice'),
    })
    expect(model.requests).toHaveLength(3)
  })

  test('comes before a format: the answer is the call', async () => {
    const model = scriptedModel([[text('{"a":1}')], [call('read', '{}')]])
    const { handedOver, answer } = await run({ model, clientTools, toolChoice: 'required', format: {} })
    expect([names(handedOver), answer]).toEqual([['read'], ''])
  })

  test('of a model that calls other names again and again is given up like broken arguments', async () => {
    const model = createModel(async function* () {
      yield call('delete', '{}')
      yield finished()
    })
    await expect(run({ model, clientTools, toolChoice: 'required' })).rejects.toMatchObject({ status: 502 })
    expect(model.requests.length).toBeLessThanOrEqual(6)
  })

  test('is still heeded when a limit is reached', async () => {
    const model = createModel(async function* ({ tools }) {
      yield tools.some(({ name }) => name === 'nonce') ? call('nonce', '{}') : call('read', '{}')
      yield finished()
    })
    const { handedOver, finished: end } = await run({
      model,
      clientTools,
      toolChoice: 'required',
      limits: { maxSteps: 3 },
    })
    expect([names(handedOver), end.limit]).toEqual([['read'], 'max_steps'])
  })
})
