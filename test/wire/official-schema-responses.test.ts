import { expect, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { calls, completed, type HttpGateway, says, startHttp, tells, WALLET } from '../support/http-gateway.ts'
import { officialEventFaults, officialFaults } from './official-schema.ts'

const HELLO = { model: 'operator', input: 'hello' }
const PARAMETERS = { type: 'object', properties: { path: { type: 'string' } } }
const FUNCTION = { type: 'function', name: 'read_file', parameters: PARAMETERS, strict: false }
const CALLS = ['call_1', 'call_2'].map((id) => ({ id, name: 'read_file', argumentsText: '{"path":"a.txt"}' }))
const FULL_USAGE = { promptTokens: 12, completionTokens: 3, cachedTokens: 8, reasoningTokens: 2 }

const ANSWERS: { answer: string; body: object; run: ExecuteRun }[] = [
  { answer: 'a text', body: HELLO, run: says('Hel', 'lo') },
  {
    answer: 'a text cut by the limit',
    body: { ...HELLO, max_output_tokens: 16 },
    run: tells({ type: 'text', text: 'Hel' }, completed({ reason: 'length' })),
  },
  {
    answer: 'a text after filtering',
    body: HELLO,
    run: tells({ type: 'text', text: 'No.' }, completed({ reason: 'content_filter' })),
  },
  { answer: 'no text at all', body: HELLO, run: tells(completed()) },
  { answer: 'two calls of client tools', body: { ...HELLO, tools: [FUNCTION] }, run: calls(...CALLS) },
  {
    answer: 'a text and a call of a client tool',
    body: { ...HELLO, tools: [FUNCTION], tool_choice: 'required', parallel_tool_calls: false },
    run: tells(
      { type: 'text', text: 'I shall look.' },
      { type: 'client_call', call: { id: 'call_1', name: 'read_file', argumentsText: '{}' } },
      completed({ reason: 'tool_calls' }),
    ),
  },
  {
    answer: 'a call of a free-text tool',
    body: { ...HELLO, tools: [{ type: 'custom', name: 'patch', description: 'Applies a patch.' }] },
    run: calls({ id: 'call_1', name: 'patch', argumentsText: '{"input":"*** Begin Patch"}' }),
  },
  {
    answer: 'a call of a tool in a namespace',
    body: { ...HELLO, tools: [{ type: 'namespace', name: 'files', description: 'Files.', tools: [FUNCTION] }] },
    run: calls({ id: 'call_1', name: 'files__read_file', argumentsText: '{}' }),
  },
  {
    answer: 'all that a caller may set',
    body: {
      ...HELLO,
      instructions: 'Be brief.',
      metadata: { app: 'x' },
      temperature: 0.5,
      top_p: 0.9,
      max_output_tokens: 100,
      text: { format: { type: 'json_schema', name: 'answer', schema: PARAMETERS, strict: true } },
      reasoning: { effort: 'low' },
      truncation: 'auto',
      store: false,
      user: 'me',
    },
    run: tells({ type: 'text', text: '{"path":"a"}' }, completed({ usage: FULL_USAGE })),
  },
]

test.each(ANSWERS)('§2 $answer is a Response by the official description', async ({ body, run }) => {
  const gateway = await startHttp(run, { durable: true })
  const { status, reply } = await send(gateway, 'POST', '/v1/responses', body)
  expect(status, JSON.stringify(reply)).toBe(200)
  expect(officialFaults('Response', reply)).toEqual([])
})

test.each(ANSWERS)('§2 $answer streams as events of the official description', async ({ body, run }) => {
  const gateway = await startHttp(run, { durable: true })
  const events = await stream(gateway, body)
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['response.created', 'response.in_progress']))
  expect(events.flatMap(officialEventFaults)).toEqual([])
})

test('§2 a run that fails within the stream ends it with an event of the official description', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'text', text: 'Hel' }
    throw new BackendError('The model broke off.', { kind: 'failed' })
  })
  const events = await stream(gateway, HELLO)
  expect(events.at(-1)?.type).toBe('response.failed')
  expect(events.flatMap(officialEventFaults)).toEqual([])
})

test('§2 a background response is an official Response when it is queued, when it is done, and as a stream', async () => {
  const gateway = await startHttp(says('Hel', 'lo'), { durable: true })
  const { reply: queued } = await send(gateway, 'POST', '/v1/responses', { ...HELLO, background: true })
  expect(queued.status).toBe('queued')
  expect(officialFaults('Response', queued)).toEqual([])
  const path = `/v1/responses/${queued.id}`
  await expect.poll(async () => (await send(gateway, 'GET', path)).reply.status).toBe('completed')
  expect(officialFaults('Response', (await send(gateway, 'GET', path)).reply)).toEqual([])

  const events = await stream(gateway, { ...HELLO, background: true })
  expect(events.map(({ type }) => type)).toContain('response.queued')
  expect(events.flatMap(officialEventFaults)).toEqual([])
})

test('§2 a cancelled and a failed background response are official Responses', async () => {
  const gateway = await startHttp(
    async function* (_order, signal) {
      yield { type: 'text', text: 'Hel' }
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
    { durable: true },
  )
  const { reply: running } = await send(gateway, 'POST', '/v1/responses', { ...HELLO, background: true })
  const { reply: cancelled } = await send(gateway, 'POST', `/v1/responses/${running.id}/cancel`)
  expect(cancelled.status).toBe('cancelled')
  expect(officialFaults('Response', cancelled)).toEqual([])

  const broken = await startHttp(
    // biome-ignore lint/correctness/useYield: it fails before there is anything to tell
    async function* () {
      throw new BackendError('The model is down.', { kind: 'down' })
    },
    { durable: true },
  )
  const { reply: queued } = await send(broken, 'POST', '/v1/responses', { ...HELLO, background: true })
  const path = `/v1/responses/${queued.id}`
  await expect.poll(async () => (await send(broken, 'GET', path)).reply.status).toBe('failed')
  expect(officialFaults('Response', (await send(broken, 'GET', path)).reply)).toEqual([])
})

test('§2 a request that is refused is answered with an official ErrorObject', async () => {
  const gateway = await startHttp(says('no'), { durable: true })
  for (const body of [{}, { ...HELLO, previous_response_id: 'resp_unknown' }, { ...HELLO, temperature: 'hot' }]) {
    const { status, reply } = await send(gateway, 'POST', '/v1/responses', body)
    expect(status).toBeGreaterThanOrEqual(400)
    expect(officialFaults('ErrorObject', reply.error)).toEqual([])
  }
})

const HEADERS = { 'content-type': 'application/json', 'x-wallet-address': WALLET }

type Sent = { status: number; reply: { id: string; status: string; error: unknown } }

async function send(gateway: HttpGateway, method: string, path: string, body?: object): Promise<Sent> {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: HEADERS,
    ...(body && { body: JSON.stringify(body) }),
  })
  return { status: response.status, reply: (await response.json()) as Sent['reply'] }
}

async function stream(gateway: HttpGateway, body: object): Promise<{ type: string }[]> {
  const response = await fetch(`${gateway.url}/v1/responses`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify({ ...body, stream: true }),
  })
  const text = await response.text()
  expect(response.headers.get('content-type'), text).toContain('text/event-stream')
  return [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = '']) => JSON.parse(data) as { type: string })
}
