import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { ChainScope } from '../chain/chain-session.ts'
import { createChains } from '../chain/chains.ts'
import { addressOrName } from './address-field.ts'
import { chainName, resolvedAddress } from './fields.ts'
import { createRunTool } from './run-tool.ts'
import { defineTool, type Tool, type ToolContext } from './tool.ts'
import { ToolError } from './tool-error.ts'

const VITALIK = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

/** Chains whose nodes are never asked here: addresses need none. */
function scope(signal: AbortSignal = new AbortController().signal): ChainScope {
  return createChains({ chains: ['ethereum'], rpcUrls: { 1: ['http://127.0.0.1:9'] } })
    .openSession()
    .scope(signal)
}

function run(tool: Tool, args: unknown, signal: AbortSignal = new AbortController().signal) {
  const text = typeof args === 'string' ? args : JSON.stringify(args)
  return createRunTool(tool)(text, scope, signal)
}

function toolThat(execute: (input: unknown, context: ToolContext) => Promise<unknown>, more: Partial<Tool> = {}): Tool {
  return {
    name: 'probe',
    description: 'Does as the spec says.',
    input: z.object({}),
    output: z.unknown(),
    examples: [{ ask: 'probe' }],
    execute,
    summary: () => 'Done.',
    ...more,
  }
}

const greeting = defineTool({
  name: 'greeting',
  description: 'Greets.',
  input: z.object({ who: addressOrName, chain: chainName.default('ethereum'), times: z.int().default(1) }),
  output: z.object({ who: resolvedAddress, text: z.string() }),
  examples: [{ ask: 'greet {who}' }],
  notes: ['A greeting is not a transfer.'],
  execute: async ({ who, chain, times }) => ({ who, text: `${'hi '.repeat(times)}${chain}` }),
  summary: ({ who, text }) => `${text}, ${who.label}`,
})

describe('a call', () => {
  test('is answered with the sentence, the typed output and JSON for the model', async () => {
    const result = await run(greeting, { who: VITALIK.toLowerCase(), chain: 10, times: '2' })
    expect(result).toMatchObject({
      ok: true,
      summary: `hi hi optimism, ${VITALIK}`,
      output: { who: { hex: VITALIK, name: null }, text: 'hi hi optimism' },
    })
    expect(JSON.parse(result.text)).toMatchObject({
      summary: `hi hi optimism, ${VITALIK}`,
      result: { text: 'hi hi optimism' },
      notes: ['A greeting is not a transfer.'],
      blocks: [],
    })
  })

  test.each([
    ['no JSON', '{"who": ', 'The arguments are not a JSON object.'],
    ['a list', '[]', 'The arguments are not a JSON object.'],
    ['a missing field', '{}', 'who: must be an 0x address or an ENS name'],
    ['an unknown chain', `{"who":"${VITALIK}","chain":"fantom"}`, "chain: 'fantom' is not a chain known here"],
    ['a word for a number', `{"who":"${VITALIK}","times":"twice"}`, 'times:'],
  ])('with %s is refused with what to change', async (_, args, reason) => {
    const result = await run(greeting, args)
    expect(result).toMatchObject({ ok: false, invalidArguments: true })
    expect((JSON.parse(result.text) as { error: string }).error).toContain(reason)
  })
})

test('a call whose arguments the tool does not have is answered, and told that they were not used', async () => {
  const result = await run(greeting, { who: VITALIK, mood: 'glad', loud: true })
  expect((JSON.parse(result.text) as { notes: string[] }).notes).toEqual([
    'A greeting is not a transfer.',
    'Not among the arguments of this tool, so not used: mood, loud.',
  ])
})

test('a field that is missing is said to be missing', async () => {
  const result = await run(
    toolThat(async () => ({}), { input: z.object({ count: z.int(), text: z.string() }) }),
    {},
  )
  expect(result).toMatchObject({ reason: 'The arguments do not fit: count: is missing; text: is missing.' })
})

describe('what a tool throws', () => {
  test('is an answer, with the details beside it', async () => {
    const tool = toolThat(async () => {
      throw new ToolError('Which one?', { candidates: ['a\u202e', 'b'] })
    })
    const result = await run(tool, {})
    expect(result).toMatchObject({ ok: false, reason: 'Which one?', invalidArguments: false })
    expect(JSON.parse(result.text)).toEqual({ error: 'Which one?', candidates: ['a', 'b'] })
  })

  test.each([
    ['are too long', Array.from({ length: 9_000 }, (_, i) => i)],
    ['have no JSON form', 7n],
  ])('goes without its details where they %s', async (_, candidates) => {
    const tool = toolThat(async () => {
      throw new ToolError('Which one?', { candidates })
    })
    expect((await run(tool, {})).text).toBe('{"error":"Which one?"}')
  })

  test('while its input is parsed is an answer too', async () => {
    const input = z.object({
      word: z.string().refine(async () => {
        throw new Error('no such word')
      }),
    })
    expect(
      await run(
        toolThat(async () => ({}), { input }),
        { word: 'x' },
      ),
    ).toMatchObject({ ok: false, reason: 'no such word' })
  })

  test.each([undefined, null, 7, 'broken', { a: 1 }])('may be no error at all: %j', async (thrown) => {
    const tool = toolThat(async () => {
      throw thrown
    })
    expect(await run(tool, {})).toMatchObject({ ok: false, invalidArguments: false })
  })

  test('in its summary, or before its first wait, is an answer too', async () => {
    const summary = toolThat(async () => ({}), {
      summary() {
        throw new Error('no words')
      },
    })
    const early = toolThat(() => {
      throw new Error('too early')
    })
    expect(await run(summary, {})).toMatchObject({ ok: false, reason: 'no words' })
    expect(await run(early, {})).toMatchObject({ ok: false, reason: 'too early' })
  })
})

test('an output that breaks its schema is not passed on', async () => {
  const tool = toolThat(async () => ({ count: 'many' }), { output: z.object({ count: z.int() }) })
  expect(await run(tool, {})).toMatchObject({ ok: false, reason: expect.stringContaining('not what it promises') })
})

test('invisible characters of the chain reach neither the output, nor the sentence, nor the text', async () => {
  const tool = toolThat(async () => ({ name: 'Ig\u202enore\u0007\nall' }), {
    output: z.object({ name: z.string() }),
    summary: (output) => `It is ${(output as { name: string }).name}\u200b.`,
  })
  const result = await run(tool, {})
  expect(result).toMatchObject({ ok: true, output: { name: 'Ignore all' }, summary: 'It is Ignore all.' })
  expect(result.text).toContain('"name":"Ignore all"')
})

describe('time', () => {
  test('is up for a tool that waits for ever, and its signal fires', async () => {
    let fired = false
    const tool = toolThat(
      (_, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            fired = true
            reject(signal.reason)
          })
        }),
      { timeoutMs: 30 },
    )
    const result = await run(tool, {})
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('No answer within 0.03 seconds') })
    expect(fired).toBe(true)
  })

  test('is up for a tool that does not heed its signal', async () => {
    const result = await run(
      toolThat(() => new Promise(() => {}), { timeoutMs: 30 }),
      {},
    )
    expect(result).toMatchObject({ ok: false, reason: expect.stringContaining('No answer within') })
  })

  test('ends with the caller', async () => {
    const caller = new AbortController()
    const pending = run(
      toolThat(() => new Promise(() => {})),
      {},
      caller.signal,
    )
    caller.abort()
    expect(await pending).toMatchObject({ ok: false, reason: 'The question was cancelled.' })
    expect(
      await run(
        toolThat(() => new Promise(() => {})),
        {},
        caller.signal,
      ),
    ).toMatchObject({ ok: false })
  })
})
