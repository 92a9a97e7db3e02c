import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { Model } from '../../src/models/model.ts'
import { createOllamaModel, loadOllama } from '../../src/models/ollama.ts'
import { createOpenAIModel, loadOpenAI } from '../../src/models/openai.ts'
import { type AgentGateway, GAS_PRICE, GAS_RESULT, startAgentGateway } from '../support/agent-gateway.ts'
import { HELLO } from '../support/http-gateway.ts'
import { readChunks } from '../support/read-chunks.ts'
import type { ScriptedBackend, ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'

type Script = readonly ScriptedReply[]
type Backend = { start(script: Script): Promise<ScriptedBackend>; createModel(url: string): Model }

const BACKENDS: Record<string, Backend> = {
  Ollama: {
    start: (script) => scriptedOllama(script),
    createModel: (baseUrl) =>
      createOllamaModel({ id: 'operator', modelName: 'qwen3:8b', baseUrl, contextTokens: 16_384 }),
  },
  'an OpenAI-compatible server': {
    start: (script) => scriptedOpenAI(script),
    createModel: (url) => createOpenAIModel({ id: 'operator', modelName: 'gpt-test', baseUrl: `${url}/v1` }),
  },
}

const parameters = { type: 'object', properties: { page: { type: 'string' } }, required: ['page'] }
const OPEN_PAGE = { type: 'function', function: { name: 'open_page', parameters } }
const serverCall = { name: GAS_PRICE.name, arguments: { chain: 'base' } }
const clientCall = (page: string) => ({ name: 'open_page', arguments: { page } })
const WITH_TOOL = { ...HELLO, tools: [OPEN_PAGE] }

describe.each(Object.entries(BACKENDS))('with %s', (_name, { start, createModel }) => {
  beforeAll(() => Promise.all([loadOllama(), loadOpenAI()]))

  async function setUp(...script: Script): Promise<{ gateway: AgentGateway; backend: ScriptedBackend }> {
    const backend = await start(script)
    onTestFinished(() => backend.close())
    return { gateway: await startAgentGateway(createModel(backend.url)), backend }
  }

  test('§1.5 nothing of a server tool shows, blocking or streaming', async () => {
    const script = [{ text: 'Let me look.', toolCalls: [serverCall] }, { text: 'It is 7 gwei.' }]
    const { gateway } = await setUp(...script, ...script)
    const whole = await (await gateway.ask(HELLO)).text()
    const streamed = await (await gateway.ask({ ...HELLO, stream: true })).text()
    for (const body of [whole, streamed]) expect(body).not.toMatch(/gas_price|tool_calls|Let me look/)
    expect(JSON.parse(whole).choices[0].message.content).toBe('It is 7 gwei.')
    expect(readChunks(streamed)).toMatchObject({ text: 'It is 7 gwei.', finishes: ['stop'] })
    expect(JSON.parse(whole).usage).toEqual(expect.objectContaining({ prompt_tokens: 52, completion_tokens: 14 }))
  })

  test('§1.5 of a mixed step the caller sees its own call alone, and its result meets the kept ones', async () => {
    const { gateway, backend } = await setUp(
      { toolCalls: [serverCall, clientCall('home'), clientCall('end')] },
      { text: 'It is open.' },
    )
    const { choices } = await (await gateway.ask(WITH_TOOL)).json()
    const { message } = choices[0] ?? {}
    const calls = message?.tool_calls ?? []
    expect(calls.map((call) => [call.function.name, JSON.parse(call.function.arguments)])).toEqual([
      ['open_page', { page: 'home' }],
      ['open_page', { page: 'end' }],
    ])
    const results = calls.map(({ id }, at) => ({ role: 'tool', tool_call_id: id, content: `opened ${at}` }))
    const answer = await gateway.ask({ ...WITH_TOOL, messages: [...HELLO.messages, message, ...results] })
    expect((await answer.json()).choices[0]?.message.content).toBe('It is open.')
    const seen = backend.requests[1]?.body.messages.slice(1)
    expect(seen.map(({ role, content }: { role: string; content: unknown }) => [role, content || ''])).toEqual([
      ['user', 'hello'],
      ['assistant', ''],
      ['tool', GAS_RESULT],
      ['tool', 'opened 0'],
      ['tool', 'opened 1'],
    ])
    expect(seen[1].tool_calls).toHaveLength(3)
    expect(gateway.ran).toHaveLength(1)
  })

  test('§1.5 a call of a name that nobody offered goes back to the model', async () => {
    const { gateway } = await setUp({ toolCalls: [{ name: 'rm_rf', arguments: {} }] }, { text: 'Sorry.' })
    const { choices } = await (await gateway.ask(WITH_TOOL)).json()
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'Sorry.' } })
  })

  test('§1.5 tool_choice none leaves the server tools', async () => {
    const { gateway, backend } = await setUp({ toolCalls: [serverCall] }, { text: '7 gwei' })
    await gateway.ask({ ...WITH_TOOL, tool_choice: 'none' })
    expect(offered(backend, 0)).toEqual(['gas_price'])
    expect(gateway.ran).toHaveLength(1)
  })

  test('§1.5 a call that is required is asked for with nothing else on offer, and is a 502 where it does not come', async () => {
    const words = { text: 'I would rather talk.' }
    const { gateway, backend } = await setUp(words, { toolCalls: [clientCall('home')] }, words, words, words)
    const request = { ...WITH_TOOL, tool_choice: { type: 'function', function: { name: 'open_page' } } }
    const { choices } = await (await gateway.ask(request)).json()
    expect(choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } })
    expect([offered(backend, 0), offered(backend, 1)]).toEqual([['gas_price', 'open_page'], ['open_page']])
    const refused = await gateway.ask({ ...request, stream: true })
    expect([refused.status, (await refused.json()).error.code]).toEqual([502, 'model_backend_error'])
  })

  test('§1.5 parallel_tool_calls false hands over one call', async () => {
    const { gateway } = await setUp({ toolCalls: [clientCall('a'), clientCall('b')] })
    const { choices } = await (await gateway.ask({ ...WITH_TOOL, parallel_tool_calls: false })).json()
    expect(choices[0]?.message.tool_calls).toHaveLength(1)
  })

  test('§1.5 arguments of a strict tool that do not fit are repaired before they leave', async () => {
    const { gateway } = await setUp(
      { toolCalls: [{ name: 'open_page', arguments: {} }] },
      { toolCalls: [clientCall('a')] },
    )
    const tools = [{ type: 'function', function: { ...OPEN_PAGE.function, strict: true } }]
    const { choices } = await (await gateway.ask({ ...HELLO, tools })).json()
    expect(JSON.parse(choices[0]?.message.tool_calls?.[0]?.function.arguments ?? '')).toEqual({ page: 'a' })
  })

  test('§1.5 the server tools turned off are not offered, and our prompt is not there', async () => {
    const { gateway, backend } = await setUp({ text: 'hi' })
    await gateway.ask(HELLO, { headers: { 'x-groundwire-tools': 'off' } })
    expect(offered(backend, 0)).toEqual([])
    expect(backend.requests[0]?.body.messages).toMatchObject([{ role: 'user', content: 'hello' }])
  })

  test('§1.5 max_tokens cuts the visible answer, never the call of a tool', async () => {
    const { gateway, backend } = await setUp(
      { toolCalls: [serverCall] },
      { text: ['It ', 'is ', 'seven ', 'gwei ', 'on ', 'base ', 'right ', 'now, ', 'which ', 'is ', 'little.'] },
    )
    const { choices } = await (await gateway.ask({ ...HELLO, max_tokens: 5 })).json()
    expect(choices[0]?.finish_reason).toBe('length')
    expect(choices[0]?.message.content).toBe('It is seven gwei on ')
    expect(gateway.ran).toHaveLength(1)
    const { options, max_tokens } = backend.requests[0]?.body ?? {}
    expect(options?.num_predict ?? max_tokens).toBeGreaterThan(1_000)
  })

  test.each([true, false])('§1.5 a stop is held back across chunks and never leaks (stream: %s)', async (stream) => {
    const { gateway } = await setUp({ toolCalls: [serverCall] }, { text: ['It is ', '7 E', 'N', 'D gwei'] })
    const response = await gateway.ask({ ...HELLO, stop: ['END', 'gas_'], stream })
    const body = await response.text()
    const heard = stream ? readChunks(body).text : JSON.parse(body).choices[0].message.content
    expect(heard.trimEnd()).toBe('It is 7')
    expect(gateway.ran).toHaveLength(1)
  })

  const FORMAT = { type: 'json_schema', json_schema: { name: 'gas', schema: { ...parameters, title: 'Gas' } } }

  test('§1.5 the schema of an answer goes to a step without tools, and what it gives is checked', async () => {
    const { gateway, backend } = await setUp(
      { toolCalls: [serverCall] },
      { text: 'I have it.' },
      { text: '{"page":7}' },
      { text: '```json\n{"page":"seven"}\n```' },
    )
    const { choices } = await (await gateway.ask({ ...HELLO, response_format: FORMAT })).json()
    expect(choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: '{"page":"seven"}' } })
    const formats = backend.requests.map(({ body }) => body.format ?? body.response_format)
    const hasTools = backend.requests.map(({ body }) => (body.tools ?? []).length > 0)
    expect(formats.map((format) => format !== undefined)).toEqual([false, false, true, true])
    expect(hasTools).toEqual([true, true, false, false])
    expect(JSON.stringify(formats[2])).toContain('"title":"Gas"')
  })

  test.each([
    ['max_tokens', {}],
    ['max_completion_tokens', { max_tokens: 9_000 }],
  ])('§1.5 JSON that %s cut is a 400 of that field, also for a stream', async (field, other) => {
    const cut = { text: '{"page":"sev', finish: 'length' }
    const { gateway } = await setUp(cut, cut)
    for (const stream of [false, true]) {
      const headers = { 'x-groundwire-tools': 'off' }
      const response = await gateway.ask(
        { ...HELLO, ...other, [field]: 4, response_format: FORMAT, stream },
        { headers },
      )
      expect(response.status).toBe(400)
      expect((await response.json()).error).toEqual({
        message:
          'Could not finish the message because max_tokens or model output limit was reached. Please try again with higher max_tokens.',
        type: 'invalid_request_error',
        param: field,
        code: null,
      })
    }
  })

  test('§1.5 JSON that stays wrong is a 502, also for a stream, and nothing of it leaves', async () => {
    const wrong = { text: '{"page":7}' }
    const { gateway } = await setUp(wrong, wrong, wrong, wrong, wrong, wrong)
    for (const stream of [false, true]) {
      const response = await gateway.ask({ ...HELLO, response_format: FORMAT, stream })
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([502, 'false'])
      expect(await response.json()).toEqual({ error: expect.objectContaining({ code: 'model_backend_error' }) })
    }
  })
})

function offered(backend: ScriptedBackend, at: number): string[] {
  return (backend.requests[at]?.body.tools ?? []).map((tool: { function: { name: string } }) => tool.function.name)
}
