import { expect, test } from 'vitest'
import { HELLO, says, startHttp } from '../support/http-gateway.ts'

const PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }
const tool = (name: string, fields: object = {}) => ({ type: 'function', function: { name, ...fields } })
const WEATHER = tool('weather', { description: 'Weather of a city.', parameters: PARAMETERS, strict: true })
const named = (name: string) => ({ type: 'function', function: { name } })

const start = (deps: Parameters<typeof startHttp>[1] = {}) =>
  startHttp(says('ok'), { serverToolNames: ['ens'], ...deps })

test('§1.5 the tools of the caller reach the run', async () => {
  const gateway = await start()
  const response = await gateway.ask({ ...HELLO, tools: [WEATHER, tool('a-B_9')] })
  expect(response.status).toBe(200)
  expect(gateway.orders[0]).toMatchObject({ serverTools: true, toolChoice: 'auto', parallelToolCalls: true })
  expect(gateway.orders[0]?.clientTools).toEqual([
    { name: 'weather', description: 'Weather of a city.', parameters: PARAMETERS, strict: true },
    { name: 'a-B_9', description: '', parameters: { type: 'object', properties: {} }, strict: false },
  ])
})

test.each([
  ['absent', {}, { type: 'object', properties: {} }],
  ['null', { parameters: null, description: null, strict: null }, { type: 'object', properties: {} }],
  ['empty', { parameters: {} }, { type: 'object', properties: {} }],
  ['without a type', { parameters: { properties: { a: {} } } }, { type: 'object', properties: { a: {} } }],
])('§1.5 parameters that are %s are those of an object', async (_what, fields, parameters) => {
  const gateway = await start()
  expect((await gateway.ask({ ...HELLO, tools: [tool('f', fields)] })).status).toBe(200)
  expect(gateway.orders[0]?.clientTools).toEqual([{ name: 'f', description: '', parameters, strict: false }])
})

test.each([
  ['auto', 'auto'],
  ['none', 'none'],
  ['required', 'required'],
  [null, 'auto'],
  [named('weather'), { name: 'weather' }],
])('§1.5 the tool choice %j reaches the run', async (tool_choice, toolChoice) => {
  const gateway = await start()
  expect((await gateway.ask({ ...HELLO, tools: [WEATHER], tool_choice })).status).toBe(200)
  expect(gateway.orders[0]).toMatchObject({ toolChoice, serverTools: true, clientTools: [{ name: 'weather' }] })
})

test('§1.5 names that reach for prototypes are names like any other', async () => {
  const gateway = await start()
  const tools = ['__proto__', 'constructor', 'toString'].map((name) => tool(name))
  expect((await gateway.ask({ ...HELLO, tools, tool_choice: named('constructor') })).status).toBe(200)
  expect(gateway.orders[0]?.clientTools.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'toString'])
})

const NAME = 'tools[0].function.name'
const SCHEMA = 'tools[0].function.parameters'

const REFUSED: [what: string, body: object, param: string, code: string, message: string][] = [
  [
    'a tool named like a server tool',
    { tools: [WEATHER, tool('ens')] },
    'tools[1].function.name',
    'invalid_value',
    "Invalid value for 'tools[1].function.name': 'ens' is a tool of this gateway. Rename yours, or turn the gateway's off with the header 'x-groundwire-tools: off'.",
  ],
  [
    'the same name twice',
    { tools: [WEATHER, tool('weather')] },
    'tools[1].function.name',
    'invalid_value',
    "Invalid value for 'tools[1].function.name': 'weather' is given twice. Each tool needs a name of its own.",
  ],
  ['tools as an object', { tools: {} }, 'tools', 'invalid_type', "Invalid type for 'tools': expected an array"],
  [
    'more than 128 tools',
    { tools: Array.from({ length: 129 }, (_, index) => tool(`f${index}`)) },
    'tools',
    'invalid_value',
    "Invalid 'tools': array too long. Expected an array with maximum length 128",
  ],
  [
    'a tool that is text',
    { tools: ['f'] },
    'tools[0]',
    'invalid_type',
    "Invalid type for 'tools[0]': expected an object",
  ],
  [
    'a tool without a type',
    { tools: [{ function: { name: 'f' } }] },
    'tools[0].type',
    'missing_required_parameter',
    "Missing required parameter: 'tools[0].type'.",
  ],
  [
    'a custom tool',
    { tools: [{ type: 'custom', custom: { name: 'f' } }] },
    'tools[0].type',
    'unsupported_value',
    "Unsupported value: tools of type 'custom'. Only 'function' is supported.",
  ],
  [
    'a tool in the form of the Responses API',
    { tools: [{ type: 'function', name: 'f', parameters: {} }] },
    'tools[0].function',
    'missing_required_parameter',
    "Missing required parameter: 'tools[0].function'. Here a tool holds 'function': {\"name\": …}; the flat form is that of POST /v1/responses.",
  ],
  [
    'a tool without a name',
    { tools: [{ type: 'function', function: {} }] },
    NAME,
    'missing_required_parameter',
    `Missing required parameter: '${NAME}'.`,
  ],
  [
    'an empty name',
    { tools: [tool('')] },
    NAME,
    'invalid_value',
    `Invalid '${NAME}': empty string. Expected a string with minimum length 1, but got an empty string instead.`,
  ],
  [
    'a long name',
    { tools: [tool('f'.repeat(65))] },
    NAME,
    'invalid_value',
    `Invalid '${NAME}': string too long. Expected a string with maximum length 64, but got a string with length 65 instead.`,
  ],
  [
    'a name with a dot',
    { tools: [tool('a.b')] },
    NAME,
    'invalid_value',
    `Invalid '${NAME}': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
  ],
  [
    'parameters as a list',
    { tools: [tool('f', { parameters: [] })] },
    SCHEMA,
    'invalid_type',
    `Invalid type for '${SCHEMA}': expected an object`,
  ],
  [
    'parameters that are no object',
    { tools: [tool('f', { parameters: { type: 'string' } })] },
    SCHEMA,
    'invalid_function_parameters',
    `Invalid schema for function 'f': schema must be a JSON Schema of 'type: "object"', got 'type: "string"'.`,
  ],
  [
    'properties as a list',
    { tools: [tool('f', { parameters: { type: 'object', properties: [] } })] },
    SCHEMA,
    'invalid_function_parameters',
    "Invalid schema for function 'f': properties",
  ],
  [
    'a type there is not',
    { tools: [tool('f', { parameters: { type: 'object', properties: { a: { type: 'text' } } } })] },
    SCHEMA,
    'invalid_function_parameters',
    "Invalid schema for function 'f': properties/a/type",
  ],
  [
    'a reference that leads nowhere',
    { tools: [tool('f', { parameters: { type: 'object', properties: {}, $ref: '#/$defs/none' } })] },
    SCHEMA,
    'invalid_function_parameters',
    "Invalid schema for function 'f': ",
  ],
  [
    'strict as text',
    { tools: [tool('f', { strict: 'yes' })] },
    'tools[0].function.strict',
    'invalid_type',
    'Invalid type',
  ],
  [
    'a required call without tools',
    { tool_choice: 'required' },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
  ],
  [
    'a named call without tools',
    { tools: [], tool_choice: named('f') },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.",
  ],
  [
    'a call of a tool that is not declared',
    { tools: [WEATHER], tool_choice: named('time') },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice': the function 'time' is not among 'tools'.",
  ],
  [
    'a call of a server tool',
    { tools: [WEATHER], tool_choice: named('ens') },
    'tool_choice',
    'invalid_value',
    "Invalid value for 'tool_choice': the function 'ens' is not among 'tools'.",
  ],
  [
    'a choice there is not',
    { tools: [WEATHER], tool_choice: 'any' },
    'tool_choice',
    'invalid_value',
    "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'.",
  ],
  [
    'a choice without the name',
    { tools: [WEATHER], tool_choice: { type: 'function', name: 'weather' } },
    'tool_choice.function',
    'missing_required_parameter',
    "Missing required parameter: 'tool_choice.function'.",
  ],
  ...['allowed_tools', 'custom'].map((type): (typeof REFUSED)[number] => [
    `a choice of ${type}`,
    { tools: [WEATHER], tool_choice: { type, [type]: {} } },
    'tool_choice.type',
    'unsupported_value',
    `Unsupported value: 'tool_choice' does not support '${type}' with this model.`,
  ]),
  [
    'a choice that is a number',
    { tools: [WEATHER], tool_choice: 1 },
    'tool_choice',
    'invalid_type',
    "Invalid type for 'tool_choice': expected one of a string or an object",
  ],
]

test.each(REFUSED)('§1.5 %s is refused by name', async (_what, body, param, code, message) => {
  const gateway = await start()
  const response = await gateway.ask({ ...HELLO, ...body })
  const { error } = await response.json()
  expect(error).toEqual({ type: 'invalid_request_error', param, code, message: expect.any(String) })
  expect(error.message).toContain(message)
  expect(response.status).toBe(400)
  expect(gateway.orders).toEqual([])
})

test.each(['off', 'OFF', '0', 'false'])(
  '§1.5 x-groundwire-tools: %s leaves the server tools out of one request',
  async (word) => {
    const gateway = await start()
    const tools = [tool('ens')] // the name is free once the gateway's tool is not there
    const response = await gateway.ask({ ...HELLO, tools }, { headers: { 'x-groundwire-tools': word } })
    expect(response.status).toBe(200)
    await gateway.ask(HELLO)
    expect(gateway.orders).toMatchObject([
      { serverTools: false, clientTools: [{ name: 'ens' }] },
      { serverTools: true, clientTools: [] },
    ])
  },
)

test.each(['on', 'On', '1', 'true', ''])('§1.5 x-groundwire-tools: %j is as if it were not there', async (word) => {
  const gateway = await start()
  await gateway.ask(HELLO, { headers: { 'x-groundwire-tools': word } })
  expect(gateway.orders).toMatchObject([{ serverTools: true }])
})

test('§1.5 x-groundwire-tools with any other word is refused, so that a typing error does not go unseen', async () => {
  const gateway = await start()
  const response = await gateway.ask(HELLO, { headers: { 'x-groundwire-tools': 'none' } })
  expect(response.status).toBe(400)
  expect((await response.json()).error).toEqual({
    message: "Invalid header 'x-groundwire-tools': expected 'on' or 'off'.",
    type: 'invalid_request_error',
    param: 'x-groundwire-tools',
    code: 'invalid_value',
  })
})

test('§1.5 schemas that would take long to check are refused together, not one after the other', async () => {
  const gateway = await start()
  // Each level refers twice to the next, so that a value is held against 2^24 schemas.
  const $defs = Object.fromEntries(
    Array.from({ length: 24 }, (_, at) => [
      `d${at}`,
      { allOf: [{ $ref: `#/$defs/d${at + 1}` }, { $ref: `#/$defs/d${at + 1}` }] },
    ]),
  )
  const parameters = { type: 'object', allOf: [{ $ref: '#/$defs/d0' }], $defs: { ...$defs, d24: {} } }
  const tools = Array.from({ length: 128 }, (_, at) =>
    tool(`f${at}`, { parameters: { ...parameters, title: `${at}` } }),
  )
  const startedAtMs = performance.now()
  const response = await gateway.ask({ ...HELLO, tools })
  expect(response.status).toBe(400)
  expect((await response.json()).error).toMatchObject({ code: 'invalid_function_parameters' })
  expect(performance.now() - startedAtMs).toBeLessThan(10_000)
})
