import { createServer } from 'node:net'
import OpenAI from 'openai'
import pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { testDatabaseUrl } from '../support/database.ts'
import type { ScriptedBackend, ScriptedReply } from '../support/scripted-backend.ts'
import { scriptedOllama } from '../support/scripted-ollama.ts'
import { scriptedOpenAI } from '../support/scripted-openai.ts'
import { type WholeGateway, wholeGateway } from '../support/whole-gateway.ts'

const HELLO = { messages: [{ role: 'user', content: 'hello' }] }
const CONDUCTOR = { ...HELLO, model: 'conductor' }
const NOBODY = 'http://127.0.0.1:9'

// biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
type Json = any

let ollama: ScriptedBackend
let vllm: ScriptedBackend
let gateway: WholeGateway
/** What the big model says; the small one says `small`. */
let reply: () => ScriptedReply | Promise<ScriptedReply>

beforeEach(async () => {
  reply = () => ({ text: 'The big answer.' })
  ollama = await scriptedOllama(() => ({ text: 'small' }))
  vllm = await scriptedOpenAI(() => reply(), { models: ['big'] })
})
afterEach(async () => {
  await gateway?.close()
  await ollama.close()
  await vllm.close()
})

async function start(env: Record<string, string> = {}): Promise<void> {
  gateway = await wholeGateway({
    OLLAMA_BASE_URL: ollama.url,
    CONDUCTOR_MODEL: 'openai:big',
    OPENAI_BASE_URL: `${vllm.url}/v1`,
    CHAINS: 'ethereum',
    RPC_URL_1: NOBODY,
    DRAIN_MS: '100',
    ...env,
  })
}

const get = async (path: string, caller = 'test'): Promise<{ status: number; body: Json }> => {
  const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${caller}` } })
  return { status: response.status, body: await response.json() }
}

/** Lets the big model answer when it is called. */
function held(): { goOn: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  reply = async () => {
    await promise
    return { text: 'The big answer.' }
  }
  return { goOn: resolve }
}

describe('one run, three doors', () => {
  test('a blocking caller of the conductor waits for the worker, and hears its answer and nothing else', async () => {
    await start()
    const response = await gateway.ask(CONDUCTOR)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      model: 'conductor',
      choices: [{ message: { role: 'assistant', content: 'The big answer.' }, finish_reason: 'stop' }],
    })
    const run = await get(`/v1/runs/${response.headers.get('x-groundwire-run-id')}`)
    expect(run.body).toMatchObject({ object: 'run', status: 'completed', model: 'conductor', steps: 1 })
    expect(ollama.requests).toEqual([])
  })

  test('a stream on the conductor shows life while it waits, then tells the answer', async () => {
    const { goOn } = held()
    await start()
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'test' })
    const stream = await client.chat.completions.create({ ...CONDUCTOR, stream: true } as never)
    goOn()
    let text = ''
    for await (const chunk of stream as unknown as AsyncIterable<Json>) text += chunk.choices[0]?.delta.content ?? ''
    expect(text).toBe('The big answer.')
  })

  test('in the background a run is accepted at once, polled, and found with what the route would have said', async () => {
    const { goOn } = held()
    await start()
    const accepted = await gateway.ask({ ...CONDUCTOR, background: true, metadata: { ticket: '7' } })
    const run = (await accepted.json()) as Json
    expect([accepted.status, accepted.headers.get('location')]).toEqual([202, `/v1/runs/${run.id}`])
    expect(run).toMatchObject({ object: 'run', status: 'queued', result: null, metadata: { ticket: '7' } })
    await expect.poll(async () => (await get(`/v1/runs/${run.id}`)).body.status).toBe('running')
    goOn()
    await expect.poll(async () => (await get(`/v1/runs/${run.id}`)).body.status).toBe('completed')
    expect((await get(`/v1/runs/${run.id}`)).body.result).toMatchObject({
      object: 'chat.completion',
      model: 'conductor',
      choices: [{ message: { content: 'The big answer.' } }],
    })
    expect((await get(`/v1/runs/${run.id}`, 'another')).status).toBe(404)
    expect((await get('/v1/runs', 'another')).body.data).toEqual([])
  })

  test('the operator can be asked in the background too', async () => {
    await start()
    const { id } = (await (await gateway.ask({ ...HELLO, background: true })).json()) as Json
    await expect.poll(async () => (await get(`/v1/runs/${id}`)).body.status).toBe('completed')
    expect((await get(`/v1/runs/${id}`)).body.result).toMatchObject({ model: 'operator' })
    expect(vllm.requests).toEqual([])
  })

  test('a run that fails tells each door the same error', async () => {
    reply = () => ({ status: 400, error: 'a template that does not fit' })
    await start()
    const blocking = await gateway.ask(CONDUCTOR)
    const { error } = (await blocking.json()) as Json
    expect([blocking.status, error.code]).toEqual([502, 'model_backend_error'])
    const { id } = (await (await gateway.ask({ ...CONDUCTOR, background: true })).json()) as Json
    await expect.poll(async () => (await get(`/v1/runs/${id}`)).body.status).toBe('failed')
    expect((await get(`/v1/runs/${id}`)).body).toMatchObject({ result: null, error })
  })

  test('a run that is cancelled stops its model, and whoever waits for it is told', async () => {
    held()
    await start()
    const waiting = gateway.ask(CONDUCTOR)
    await expect.poll(() => vllm.openRequests).toBe(1)
    const [{ id }] = (await get('/v1/runs')).body.data
    const cancel = () =>
      fetch(`${gateway.url}/v1/runs/${id}/cancel`, { method: 'POST', headers: { authorization: 'Bearer test' } })
    expect(await (await cancel()).json()).toMatchObject({ id, status: 'cancelled' })
    await expect.poll(() => vllm.openRequests).toBe(0)
    const response = await waiting
    expect([response.status, ((await response.json()) as Json).error.code]).toEqual([409, 'run_cancelled'])
    expect(response.headers.get('x-should-retry')).toBe('false') // an SDK would start it anew
    expect(await (await cancel()).json()).toMatchObject({ id, status: 'cancelled' })
  })

  test('where the wait is over before the model has begun, the caller hears that it is warming up, and joins later', async () => {
    const { goOn } = held()
    await start({ WAIT_TIMEOUT_MS: '1000' })
    const first = await gateway.ask(CONDUCTOR)
    expect([first.status, first.headers.get('retry-after'), first.headers.get('x-should-retry')]).toEqual([
      502,
      '15',
      null,
    ])
    expect(await first.json()).toMatchObject({ error: { code: 'model_warming_up' } })
    goOn()
    let again = first
    const askAgain = async () => {
      again = await gateway.ask(CONDUCTOR, { headers: { 'x-stainless-retry-count': '1' } })
      return again.status
    }
    await expect.poll(askAgain).toBe(200)
    expect(again.headers.get('x-groundwire-run-id')).toBe(first.headers.get('x-groundwire-run-id'))
    expect(vllm.requests).toHaveLength(1)
  })

  test('a blocking reply may be kept alive by blanks, which every parser passes over', async () => {
    await start()
    const response = await gateway.ask(CONDUCTOR, { headers: { 'x-groundwire-heartbeat': 'on' } })
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: 'The big answer.' } }] })
    expect((await gateway.ask(CONDUCTOR, { headers: { 'x-groundwire-heartbeat': 'maybe' } })).status).toBe(400)
  })

  test('a model that is set up to refuse streams says so before anything is done', async () => {
    await start()
    const response = await gateway.ask({ ...CONDUCTOR, background: true, stream: true })
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported_value', param: 'stream' } })
    expect(vllm.requests).toEqual([])
  })
})

describe('Idempotency-Key', () => {
  const withKey = (key: string, body: object = CONDUCTOR) => gateway.ask(body, { headers: { 'idempotency-key': key } })

  test.each([
    ['the conductor', CONDUCTOR],
    ['the operator', HELLO],
  ])('the same request to %s gets the same answer, and the model is asked once', async (_name, body) => {
    await start()
    const [first, twin] = await Promise.all([withKey('a', body), withKey('a', body)])
    const reply = await first.json()
    expect(await twin.json()).toEqual(reply)
    expect(await (await withKey('a', body)).json()).toEqual(reply)
    expect(vllm.requests.length + ollama.requests.length).toBe(1)
    await (await withKey('b', body)).json()
    expect(vllm.requests.length + ollama.requests.length).toBe(2)
  })

  test('a stream is told again as a stream', async () => {
    await start()
    const read = async () => (await withKey('a', { ...HELLO, stream: true })).text()
    const text = await read()
    expect(text).toContain('"content":"small"')
    expect(text).toMatch(/data: \[DONE\]\n\n$/)
    expect(await read()).toBe(text)
    expect(ollama.requests).toHaveLength(1)
  })

  test('another body with the same key is a 422; another caller or route may have the key too', async () => {
    await start()
    await withKey('a')
    const refused = await withKey('a', { ...CONDUCTOR, messages: [{ role: 'user', content: 'bye' }] })
    expect([refused.status, ((await refused.json()) as Json).error.code]).toEqual([422, 'idempotency_key_reused'])
    const other = await gateway.ask(HELLO, { headers: { 'idempotency-key': 'a', authorization: 'Bearer another' } })
    expect(other.status).toBe(200)
    const route = await fetch(`${gateway.url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer test', 'idempotency-key': 'a' },
      body: JSON.stringify({ input: 'hello' }),
    })
    expect(route.status).toBe(200)
  })

  test('a failure of ours is no answer: the key may be used again', async () => {
    reply = () => ({ status: 400, error: 'a template that does not fit' })
    await start()
    expect((await withKey('a')).status).toBe(502)
    reply = () => ({ text: 'The big answer.' })
    expect((await withKey('a')).status).toBe(200)
  })

  test('a caller who leaves and comes back with the key finds the answer', async () => {
    const { goOn } = held()
    await start({ OPERATOR_MODEL: 'openai:big' })
    const caller = new AbortController()
    const left = gateway.ask(HELLO, { headers: { 'idempotency-key': 'a' }, signal: caller.signal })
    await expect.poll(() => vllm.openRequests).toBe(1)
    caller.abort()
    await expect(left).rejects.toThrow()
    const back = withKey('a', HELLO)
    goOn()
    expect(await (await back).json()).toMatchObject({ choices: [{ message: { content: 'The big answer.' } }] })
    expect(vllm.requests).toHaveLength(1)
  })

  test('a response of the other API is told again with its id and its times', async () => {
    const DATABASE_URL = await testDatabaseUrl()
    await start({ DATABASE_URL })
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'test' })
    const ask = () =>
      client.responses.create(
        { model: 'conductor', input: 'hello' },
        { idempotencyKey: 'a', headers: { 'idempotency-key': 'a' } },
      )
    const first = await ask()
    expect(first.output_text).toBe('The big answer.')
    const store = new pg.Client({ connectionString: DATABASE_URL })
    await store.connect()
    onTestFinished(() => store.end())
    await store.query("update runs set ended_at = ended_at - interval '1 hour'")
    expect(await ask()).toEqual({ ...first, completed_at: Number(first.completed_at) - 3_600 })
    expect(await client.responses.retrieve(first.id)).toMatchObject({ id: first.id, status: 'completed' })
    expect(vllm.requests).toHaveLength(1)
  })

  test('a response that is deleted is not told again, and its run is gone', async () => {
    await start()
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'test' })
    const ask = () =>
      client.responses.create({ model: 'conductor', input: 'hello' }, { headers: { 'idempotency-key': 'a' } })
    const { id } = await ask()
    await client.responses.delete(id)
    expect((await get('/v1/runs')).body.data).toEqual([])
    expect((await ask()).id).not.toBe(id)
    expect((await get(`/v1/responses/${id}`)).status).toBe(404)
  })

  test.each(['', 'a b', 'x'.repeat(256)])('a key that is none is a 400: %j', async (key) => {
    await start()
    const response = await gateway.ask(HELLO, { headers: { 'idempotency-key': key } })
    expect(response.status).toBe(400)
  })
})

test("an official SDK's own retry joins the run that it has left", async () => {
  const { goOn } = held()
  await start()
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'test', timeout: 700, maxRetries: 9 })
  const answer = client.chat.completions.create(CONDUCTOR as never) as unknown as Promise<Json>
  await expect.poll(() => gateway.logLines().some(({ status }) => status === 499)).toBe(true)
  goOn()
  expect((await answer).choices[0].message.content).toBe('The big answer.')
  expect(vllm.requests).toHaveLength(1)
})

test('a start that fails leaves nothing behind that would take runs from others', async () => {
  const DATABASE_URL = await testDatabaseUrl()
  const taken = createServer()
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as { port: number }
  await expect(start({ DATABASE_URL, PORT: String(port) })).rejects.toThrow(`Port ${port} is taken`)
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  onTestFinished(() => client.end())
  const connections = async () => {
    const { rows } = await client.query(
      `select application_name from pg_stat_activity where datname = current_database() and application_name like 'groundwire%'`,
    )
    return rows
  }
  await expect.poll(connections).toEqual([])
})
