import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { BackendError, GatewayError } from '../../src/errors.ts'
import { completed, HELLO, says, startHttp, tells } from '../support/http-gateway.ts'

test('§1.8 an unknown model is a 404 model_not_found, and no run starts', async () => {
  const gateway = await startHttp(says('never'))
  const asked = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 0 }).chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: 'x' }],
  })
  await expect(asked).rejects.toThrow(OpenAI.NotFoundError)
  await expect(asked).rejects.toMatchObject({
    code: 'model_not_found',
    param: 'model',
    type: 'invalid_request_error',
    message: expect.stringContaining('This gateway has: operator, Qwen/Qwen3-32B:fp8.'),
  })
  expect(gateway.orders).toEqual([])
})

test('§1.8 a model that cannot be reached is a 502 that says when to try again', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new BackendError("The model 'operator' is not reachable.", { kind: 'down' })
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(502)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(response.headers.get('x-should-retry')).toBeNull()
  expect(await response.json()).toEqual({
    error: {
      message: "The model 'operator' is not reachable.",
      type: 'upstream_error',
      param: null,
      code: 'model_backend_error',
    },
  })
})

test('§1.8 a run that fails after the model was heard is not to be retried, and the SDK does not', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    yield { type: 'text', text: 'half an ans' }
    throw new BackendError('The model took too long.', { kind: 'timeout' })
  })
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: 'unused', maxRetries: 3 })
  const asked = client.chat.completions.create({ model: 'operator', messages: [{ role: 'user', content: 'x' }] })
  await expect(asked).rejects.toMatchObject({ status: 504, code: 'model_timeout' })
  expect(gateway.orders).toHaveLength(1)
})

test('§1.8 what is no error of ours leaves as a bare 500, and the log has the cause', async () => {
  const gateway = await startHttp(async function* () {
    yield { type: 'step_started', step: 1 }
    throw new Error('password of the database is hunter2')
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(500)
  const body = await response.text()
  expect(body).not.toContain('hunter2')
  expect(JSON.parse(body).error).toMatchObject({ type: 'server_error', code: 'internal_error', param: null })
  await expect.poll(() => gateway.log).toHaveLength(1)
  expect(gateway.log[0]).toMatchObject({
    level: 50,
    status: 500,
    error: { message: 'password of the database is hunter2' },
  })
})

test('§1.8 a run that ends without completing is our fault, not an answer', async () => {
  const gateway = await startHttp(tells({ type: 'text', text: 'half' }))
  expect((await gateway.ask(HELLO)).status).toBe(500)
})

test('§1.8 an error tells its details in a sentence beside it, and waits are told in 1 to 60 seconds', async () => {
  // biome-ignore lint/correctness/useYield: this run is refused before it starts
  const gateway = await startHttp(async function* () {
    throw new GatewayError('Not enough credits.', {
      status: 402,
      code: 'insufficient_credits',
      type: 'insufficient_quota',
      details: { needed: 40n, available: 12n, of: { org: 'a' } },
      retryAfterSec: 600,
    })
  })
  const response = await gateway.ask(HELLO)
  expect(response.status).toBe(402)
  expect(response.headers.get('retry-after')).toBe('60')
  expect(await response.json()).toEqual({
    error: { message: 'Not enough credits.', type: 'insufficient_quota', param: null, code: 'insufficient_credits' },
    details: 'needed: 40, available: 12, of: {"org":"a"}',
  })
})

test('§1.8 more answers of one caller at once than it may have are a 429; one that is over makes room', async () => {
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  const gateway = await startHttp(
    async function* () {
      await goesOn
      yield { type: 'text', text: 'hi' }
      yield completed()
    },
    { settings: { answersPerCaller: 1 } },
  )
  const first = gateway.ask(HELLO)
  await expect.poll(() => gateway.orders.length).toBe(1)
  const refused = await gateway.ask(HELLO)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1'])
  expect((await refused.json()).error.code).toBe('rate_limit_exceeded')
  goOn()
  expect((await first).status).toBe(200)
  expect((await gateway.ask(HELLO)).status).toBe(200)
})
