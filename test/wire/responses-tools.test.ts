import { expect, test } from 'vitest'
import { responsesOf } from '../support/ask-responses.ts'
import { calls, says, startHttp } from '../support/http-gateway.ts'

const OBJECT = { type: 'object', properties: { page: { type: 'integer' } }, required: ['page'] }
const open = { type: 'function', name: 'open_page', description: 'Opens a page.', parameters: OBJECT, strict: false }
const named = (name: string) => ({ type: 'function', name })

async function refusalOf(body: object, serverToolNames: readonly string[] = []): Promise<unknown> {
  const gateway = await startHttp(says('never'), { serverToolNames })
  const reply = await responsesOf(gateway).create({ input: 'go', ...body })
  expect(reply.status).toBe(400)
  expect(gateway.orders).toEqual([])
  return reply.body.error
}

test('§2 functions reach the run, and the reply repeats them', async () => {
  const gateway = await startHttp(says('hi'))
  const { body } = await responsesOf(gateway).create({ input: 'go', tools: [open, named('stop')] })
  expect(gateway.orders[0]?.clientTools).toEqual([
    { name: 'open_page', description: 'Opens a page.', parameters: OBJECT, strict: false },
    { name: 'stop', description: '', parameters: { type: 'object', properties: {} }, strict: true },
  ])
  expect(body.tools).toMatchObject([open, { ...named('stop'), strict: true }])
})

test('§2 a function in a namespace has one name for the model, and both for the caller', async () => {
  const gateway = await startHttp(calls({ id: 'call_1', name: 'mcp__files__read', argumentsText: '{}' }))
  const namespace = { type: 'namespace', name: 'mcp__files', description: 'Files.', tools: [named('read')] }
  const { body } = await responsesOf(gateway).create({ input: 'go', tools: [namespace] })
  expect(gateway.orders[0]?.clientTools.map(({ name }) => name)).toEqual(['mcp__files__read'])
  expect(body.output).toMatchObject([{ type: 'function_call', name: 'read', namespace: 'mcp__files' }])
  expect(body.tools).toEqual([namespace])

  const [{ id: _, ...item }] = body.output
  const next = { type: 'function_call_output', call_id: 'call_1', output: 'done' }
  await responsesOf(gateway).create({ input: [item, next], tools: [namespace] })
  expect(gateway.orders[1]?.messages).toMatchObject([
    { toolCalls: [{ name: 'mcp__files__read' }] },
    { toolName: 'mcp__files__read' },
  ])
})

test('§2 a name too long for backends is shortened, each to another', async () => {
  const gateway = await startHttp(says('hi'))
  const tools = [named(`${'x'.repeat(60)}_one`), named(`${'x'.repeat(60)}_two`)]
  await responsesOf(gateway).create({ input: 'go', tools: [{ type: 'namespace', name: 'much_longer', tools }] })
  const names = gateway.orders[0]?.clientTools.map(({ name }) => name) ?? []
  expect(new Set(names).size).toBe(2)
  expect(names.map((name) => name.length)).toEqual([64, 64])
})

test('§2 a free-text tool takes text instead of JSON, and shows its grammar to the model', async () => {
  const gateway = await startHttp(calls({ id: 'call_1', name: 'patch', argumentsText: '{"input":"*** Begin"}' }))
  const custom = {
    type: 'custom',
    name: 'patch',
    description: 'Edits files.',
    format: { type: 'grammar', syntax: 'lark', definition: 'start: "*** Begin"' },
  }
  const { body } = await responsesOf(gateway).create({ input: 'go', tools: [custom] })
  expect(gateway.orders[0]?.clientTools).toMatchObject([
    {
      name: 'patch',
      description: expect.stringMatching(/^Edits files\.\n.*\n?.*start: "\*\*\* Begin"$/s),
      strict: true,
    },
  ])
  expect(body.output).toMatchObject([
    { type: 'custom_tool_call', call_id: 'call_1', name: 'patch', input: '*** Begin' },
  ])

  const result = { type: 'custom_tool_call_output', call_id: 'call_1', output: 'patched' }
  await responsesOf(gateway).create({ input: [result], previous_response_id: body.id, tools: [custom] })
  expect(gateway.orders[1]?.messages).toMatchObject([
    { role: 'user' },
    { toolCalls: [{ id: 'call_1', name: 'patch', argumentsText: '{"input":"*** Begin"}' }] },
    { role: 'tool', text: 'patched' },
  ])
})

test('§2 what coding agents offer unasked is left out beside their own tools, and the reply says so', async () => {
  const gateway = await startHttp(says('hi'))
  const tools = [open, { type: 'web_search', external_web_access: false }, { type: 'local_shell' }]
  const reply = await responsesOf(gateway).create({ input: 'go', tools })
  expect(reply.status).toBe(200)
  expect(reply.headers.get('x-groundwire-tools-left-out')).toBe('web_search, local_shell')
  expect(reply.body.tools).toMatchObject([{ name: 'open_page' }])
  expect(gateway.orders[0]?.clientTools).toHaveLength(1)
})

test.each([
  ['web_search', [{ type: 'web_search' }], 'tools[0].type'],
  ['file_search', [open, { type: 'file_search', vector_store_ids: ['v'] }], 'tools[1].type'],
  ['code_interpreter', [open, { type: 'code_interpreter', container: 'c' }], 'tools[1].type'],
  ['mcp', [open, { type: 'mcp', server_label: 's' }], 'tools[1].type'],
  ['computer', [{ type: 'namespace', name: 'n', tools: [{ type: 'computer' }] }], 'tools[0].tools[0].type'],
])('§2 %s, which the answer would be about, is refused', async (type, tools, param) => {
  expect(await refusalOf({ tools })).toMatchObject({
    param,
    code: 'unsupported_value',
    message: expect.stringContaining(`'${type}'`),
  })
})

test('§1.5 a function named like a server tool is refused by name', async () => {
  expect(await refusalOf({ tools: [open, named('resolve_name')] }, ['resolve_name'])).toMatchObject({
    param: 'tools[1].name',
    message: expect.stringContaining("'resolve_name' is a tool of this gateway"),
  })
})

test('§1.5 with the server tools turned off their names are free', async () => {
  const gateway = await startHttp(says('hi'), { serverToolNames: ['resolve_name'] })
  const off = responsesOf(gateway, { 'x-groundwire-tools': 'off' })
  const reply = await off.create({ input: 'go', tools: [named('resolve_name')] })
  expect(reply.status).toBe(200)
  expect(gateway.orders).toMatchObject([{ serverTools: false }])
})

test.each([
  ['no name', [{ type: 'function', parameters: {} }], 'tools[0].name', /Missing required parameter/],
  ['a name with spaces', [named('a b')], 'tools[0].name', /Invalid/],
  ['the same name twice', [open, open], 'tools[1].name', /given twice/],
  [
    'a broken schema',
    [{ ...open, parameters: { type: 'object', required: 1 } }],
    'tools[0].parameters',
    /Invalid schema/,
  ],
  ['a schema of no object', [{ ...open, parameters: { type: 'string' } }], 'tools[0].parameters', /type: "object"/],
  [
    'the shape of chat completions',
    [{ type: 'function', function: { name: 'f' } }],
    'tools[0].name',
    /^Missing required parameter: 'tools\[0\]\.name'\. Here .* is the form of POST \/v1\/chat\/completions\.$/,
  ],
  ['no type', [{ name: 'f' }], 'tools[0].type', /Missing/],
  ['too many tools', Array.from({ length: 129 }, (_, at) => named(`f${at}`)), 'tools', /maximum length 128/],
  [
    'too many in a namespace',
    [open, { type: 'namespace', name: 'n', tools: Array.from({ length: 128 }, (_, at) => named(`f${at}`)) }],
    'tools',
    /maximum length 128/,
  ],
])('§2 a function with %s is refused', async (_what, tools, param, message) => {
  expect(await refusalOf({ tools })).toMatchObject({ param, message: expect.stringMatching(message) })
})

test.each<[choice: unknown, expected: unknown]>([
  ['none', 'none'],
  ['auto', 'auto'],
  ['required', 'required'],
  [{ type: 'function', name: 'open_page' }, { name: 'open_page' }],
])('§1.5 tool_choice %j reaches the run', async (choice, expected) => {
  const gateway = await startHttp(says('hi'))
  const { body } = await responsesOf(gateway).create({ input: 'go', tools: [open], tool_choice: choice })
  expect(gateway.orders[0]?.toolChoice).toEqual(expected)
  expect(body.tool_choice).toEqual(choice)
})

test.each<[what: string, body: object, message: RegExp]>([
  ['required without tools', { tool_choice: 'required' }, /only allowed when 'tools' are specified/],
  ['of a function that is not declared', { tools: [open], tool_choice: named('other') }, /not among 'tools'/],
  ['of a kind nothing here has', { tools: [open], tool_choice: { type: 'allowed_tools' } }, /'allowed_tools'/],
  ['of an unknown word', { tools: [open], tool_choice: 'maybe' }, /'maybe'/],
])('§1.5 a tool_choice %s is refused', async (_what, body, message) => {
  expect(await refusalOf(body)).toMatchObject({ message: expect.stringMatching(message) })
})
