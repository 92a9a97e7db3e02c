import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import type { Model, ModelRequest } from '../../src/models/model.ts'
import { startAgentGateway } from '../support/agent-gateway.ts'
import type { HttpGateway } from '../support/http-gateway.ts'
import { readChunks } from '../support/read-chunks.ts'

const schema = {
  type: 'object',
  properties: { city: { $ref: '#/$defs/city' }, days: { type: 'integer', minimum: 1 } },
  required: ['city'],
  additionalProperties: false,
  $defs: { city: { type: 'string', enum: ['Paris', 'Rome'] } },
}

/** Sound requests that use every field between them. */
const SOUND = [
  {
    model: 'operator',
    messages: [
      { role: 'system', content: [{ type: 'text', text: 's' }] },
      { role: 'user', content: 'u', name: 'ann' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: 'c1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } },
          { id: 'c2', type: 'function', function: { name: 'weather', arguments: '{"city":"Rome"}' } },
        ],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'sun' },
      { role: 'tool', tool_call_id: 'c2', content: [{ type: 'text', text: 'rain' }] },
      { role: 'developer', content: 'd' },
    ],
    tools: [
      { type: 'function', function: { name: 'weather', description: 'w', parameters: schema, strict: true } },
      { type: 'function', function: { name: 'time' } },
    ],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    parallel_tool_calls: false,
    stream: true,
    stream_options: { include_usage: true },
  },
  {
    messages: [
      { role: 'user', content: 'u' },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }], refusal: 'no', annotations: [] },
      { role: 'user', content: [{ type: 'input_text', text: 'x' }] },
    ],
    tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
    tool_choice: 'auto',
    response_format: { type: 'json_schema', json_schema: { name: 'n', description: 'd', strict: true, schema } },
    temperature: 1,
    top_p: 1,
    max_tokens: 50,
    max_completion_tokens: 50,
    stop: ['a', 'b'],
    n: 1,
    seed: 1,
    logit_bias: {},
    logprobs: false,
    modalities: ['text'],
    reasoning_effort: 'low',
    metadata: { a: 'b' },
    groundwire: { trace: true },
    stream: false,
  },
]

const DEEP = JSON.parse(`${'['.repeat(90)}${']'.repeat(90)}`)
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>('developer', 'tool', 'assistant', 'image_url', 'required', 'json_object', '__proto__'),
  fc.constantFrom<unknown>(null, 1e308, -1, 0, 1.5, '', {}, [], [[]], [null], true, '\ud800', '\0'),
  fc.constantFrom<unknown>('x'.repeat(100_000), Array(2_000).fill(0), DEEP, { $ref: '#' }, { allOf: [{ $ref: '#' }] }),
)

type Bend = { at: number; how: 'replace' | 'drop' | 'double'; value: unknown }

const bent = fc
  .tuple(
    fc.constantFrom(...SOUND),
    fc.array(
      fc.record({
        at: fc.nat(),
        how: fc.constantFrom<Bend['how']>('replace', 'replace', 'drop', 'double'),
        value: anything,
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([sound, bends]) => bends.reduce<unknown>(bend, sound))

test('§1.8 no request, however it is bent, is a 500, a hang or half a reply', async () => {
  const gateway = await startGateway()
  const seen = new Set<number>()
  await fc.assert(
    fc.asyncProperty(bent, fc.boolean(), async (body, stream) => {
      const asked = typeof body === 'object' && body !== null && stream ? { ...body, stream } : body
      const response = await gateway.ask(asked)
      seen.add(response.status)
      await expectReply(response)
    }),
    { numRuns: 500 },
  )
  expect([...seen]).toEqual(expect.arrayContaining([200, 400]))
})

test('§1.8 no bytes, however they are bent, are a 500 or a hang', async () => {
  const gateway = await startGateway()
  const text = JSON.stringify(SOUND[0])
  const splice = fc.tuple(
    fc.nat({ max: text.length }),
    fc.nat({ max: 40 }),
    fc.string({ unit: 'binary', maxLength: 20 }),
  )
  await fc.assert(
    fc.asyncProperty(splice, async ([at, length, inserted]) => {
      const response = await gateway.ask(text.slice(0, at) + inserted + text.slice(at + length))
      await expectReply(response)
    }),
    { numRuns: 200 },
  )
})

async function expectReply(response: Awaited<ReturnType<HttpGateway['ask']>>): Promise<void> {
  if (response.headers.get('content-type')?.startsWith('text/event-stream')) {
    readChunks(await response.text())
    return
  }
  const reply = await response.json()
  if (response.status === 200) {
    const [choice] = reply.choices
    expect(['stop', 'length', 'tool_calls']).toContain(choice?.finish_reason)
    expect(choice?.finish_reason === 'tool_calls').toBe(choice?.message.tool_calls !== undefined)
    if (choice?.message.tool_calls === undefined) expect(choice?.message.content).toMatch(/./)
    return
  }
  // The model is deaf to what is bent here: 502 is its answer where the bent schema or tool_choice wants another one.
  expect([400, 404, 413, 502]).toContain(response.status)
  const { param, code } = reply.error
  expect(reply.error).toEqual({
    message: expect.stringMatching(/^[\s\S]{1,2000}$/),
    type: expect.any(String),
    param: param === null ? null : expect.any(String),
    code: code === null ? null : expect.any(String),
  })
}

async function startGateway(): Promise<HttpGateway> {
  const gateway = await startAgentGateway(createObligingModel())
  onTestFinished(() => expect(gateway.log.filter(({ status }) => status === 500)).toEqual([]))
  return gateway
}

/** With tools it calls one of them in two of three steps. */
function createObligingModel(): Model {
  let steps = 0
  return {
    id: 'operator',
    backend: 'test',
    contextTokens: 16_384,
    async *stream({ tools, toolChoice, format }: ModelRequest) {
      const usage = { promptTokens: 5, completionTokens: 3 }
      const called = toolChoice === 'auto' || toolChoice === undefined ? tools[0] : tools.at(-1)
      if (called !== undefined && ++steps % 3 > 0) {
        yield { type: 'tool_call', call: { id: `call_${steps}`, name: called.name, argumentsText: '{"city":"Paris"}' } }
        return yield { type: 'finished', reason: 'tool_calls', usage }
      }
      yield { type: 'text', text: format === undefined ? 'It is sunny.' : '{"city":"Paris"}' }
      yield { type: 'finished', reason: 'stop', usage }
    },
    check: async () => ({ status: 'ok' }),
  }
}

/** Replaces, leaves out or doubles the value at one place of a tree. */
function bend(body: unknown, { at, how, value }: Bend): unknown {
  let left = at % countValues(body)
  return walk(body)[0]

  /** What stands in the place of `node`: nothing, one value, or two where its parent is a list. */
  function walk(node: unknown): unknown[] {
    if (left-- === 0) return how === 'drop' ? [] : how === 'double' ? [node, node] : [value]
    if (Array.isArray(node)) return [node.flatMap(walk)]
    if (typeof node !== 'object' || node === null) return [node]
    return [Object.fromEntries(Object.entries(node).flatMap(([key, child]) => walk(child).map((kept) => [key, kept])))]
  }
}

function countValues(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 1
  return Object.values(node).reduce<number>((sum, child) => sum + countValues(child), 1)
}
