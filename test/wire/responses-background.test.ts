import { expect, onTestFinished, test } from 'vitest'
import { BackendError } from '../../src/errors.ts'
import type { ExecuteRun } from '../../src/runs/run.ts'
import { readEvents, responseIdOf, responsesOf } from '../support/ask-responses.ts'
import { completed, says, startHttp } from '../support/http-gateway.ts'
import { readAlong } from '../support/read-along.ts'

const BACKGROUND = { input: 'hello', background: true }
const STREAMED = { ...BACKGROUND, stream: true }

/** A run that says `Hel`, and `lo` once it is let go on; it stops when its signal says so. */
function twoParts() {
  const { promise: goesOn, resolve: goOn } = Promise.withResolvers<void>()
  const stopped: unknown[] = []
  const executeRun: ExecuteRun = async function* (_order, signal) {
    yield { type: 'text', text: 'Hel' }
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    signal.addEventListener('abort', () => {
      stopped.push(signal.reason)
      reject(signal.reason)
    })
    await Promise.race([goesOn, aborted])
    yield { type: 'text', text: 'lo' }
    yield { type: 'client_call', call: { id: 'call_1', name: 'f', argumentsText: '{}' } }
    yield completed({ reason: 'tool_calls' })
  }
  onTestFinished(() => goOn())
  return { executeRun, goOn, stopped }
}

test('§2 a background response is answered at once, polled, and found complete', async () => {
  const { executeRun, goOn } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { create, get } = responsesOf(gateway)
  const created = await create(BACKGROUND)
  expect(created).toMatchObject({ status: 200, body: { status: 'queued', background: true, output: [], usage: null } })
  const { id } = created.body
  await expect.poll(async () => (await get(id)).body.status).toBe('in_progress')
  goOn()
  await expect.poll(async () => (await get(id)).body.status).toBe('completed')
  expect((await get(id)).body).toMatchObject({
    output: [{ content: [{ text: 'Hello' }] }, { type: 'function_call' }],
    usage: { total_tokens: 15 },
  })
})

test('§2 the conversation goes on from a background response once it is complete', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('completed')
  await create({ input: 'and?', previous_response_id: id })
  expect(gateway.orders[1]?.messages).toHaveLength(3)
})

test('§2 a background response that runs cannot be gone on from yet', async () => {
  const { executeRun } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { create, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('in_progress')
  expect(await create({ input: 'and?', previous_response_id: id })).toMatchObject({
    status: 400,
    body: {
      error: {
        message: `Previous response with id '${id}' is in_progress: nothing can follow it.`,
        param: 'previous_response_id',
      },
    },
  })
})

test('§2 what goes wrong in the background is told as a failed response with status 200, and logged', async () => {
  const gateway = await startHttp(
    async function* () {
      yield { type: 'text', text: 'Hel' }
      throw new BackendError('operator broke off', { kind: 'failed' })
    },
    { durable: true },
  )
  const { create, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('failed')
  expect(await get(id)).toMatchObject({
    status: 200,
    body: { error: { code: 'server_error', message: 'operator broke off' }, output: [] },
  })
  expect(await create({ input: 'and?', previous_response_id: id })).toMatchObject({
    status: 400,
    body: { error: { param: 'previous_response_id', message: expect.stringContaining('is failed') } },
  })
})

test('§2 cancelling stops the model, and doing it again changes nothing', async () => {
  const { executeRun, stopped } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { create, cancel, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('in_progress')
  const cancelled = await cancel(id)
  await expect.poll(() => stopped).toHaveLength(1)
  expect(cancelled).toMatchObject({
    status: 200,
    body: { id, status: 'cancelled', error: null, output: [] },
  })
  expect((await cancel(id)).body).toEqual(cancelled.body)
  expect((await get(id)).body).toEqual(cancelled.body)
})

test('§2 cancelling what has ended returns it as it ended', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const { create, cancel, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('completed')
  expect(await cancel(id)).toMatchObject({ status: 200, body: { status: 'completed' } })
})

test('§2 deleting a response that runs stops it', async () => {
  const { executeRun, stopped } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { create, delete: remove, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  await expect.poll(async () => (await get(id)).body.status).toBe('in_progress')
  expect((await remove(id)).status).toBe(200)
  await expect.poll(() => stopped).toHaveLength(1)
  expect((await get(id)).status).toBe(404)
})

test('§2 a background stream is queued, then told like any other', async () => {
  const gateway = await startHttp(says('hi'), { durable: true })
  const events = await responsesOf(gateway).stream(BACKGROUND)
  expect(events.slice(0, 3)).toMatchObject([
    { type: 'response.created', sequence_number: 0, response: { status: 'queued' } },
    { type: 'response.queued', sequence_number: 1, response: { status: 'queued' } },
    { type: 'response.in_progress', sequence_number: 2, response: { status: 'in_progress' } },
  ])
  expect(events.at(-1)).toMatchObject({ type: 'response.completed' })
})

test('§2 a background stream may be left and resumed, while it runs and after', async () => {
  const { executeRun, goOn, stopped } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { send, follow, get } = responsesOf(gateway)
  const caller = new AbortController()
  const text = await readAlong(await send('POST', '', STREAMED, caller.signal)).until('response.in_progress')
  caller.abort()
  const id = responseIdOf(readEvents(text.slice(0, text.lastIndexOf('\n\n') + 2)))

  const resumed = await send('GET', `/${id}?stream=true&starting_after=1`)
  goOn()
  const whole = await follow(id, '')
  expect(stopped).toEqual([])
  expect(readEvents(await resumed.text())).toEqual(whole.slice(2))
  expect(whole.map(({ sequence_number }) => sequence_number)).toEqual(whole.map((_, at) => at))
  expect(whole[5]).toMatchObject({ type: 'response.output_text.delta', delta: 'Hello' })

  await expect.poll(async () => (await get(id)).body.status).toBe('completed')
  expect(await follow(id, '')).toEqual(whole)
  expect(await follow(id, '&starting_after=6')).toEqual(whole.slice(7))
  expect(await follow(id, '&starting_after=999')).toEqual([])
})

test('§2 a cancelled stream ends with response.failed, now and later', async () => {
  const { executeRun } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { send, follow, cancel } = responsesOf(gateway)
  const response = await send('POST', '', STREAMED)
  const id = `resp_${response.headers.get('x-groundwire-run-id')?.slice(4)}`
  const read = response.text()
  await cancel(id)
  const events = readEvents(await read)
  expect(events.at(-1)).toMatchObject({ type: 'response.failed', response: { status: 'cancelled', error: null } })
  expect(await follow(id, '')).toEqual(events)
})

test('§2 a run in the background that was not streamed cannot be followed', async () => {
  const { executeRun } = twoParts()
  const gateway = await startHttp(executeRun, { durable: true })
  const { create, get } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  expect(await get(`${id}?stream=true`)).toMatchObject({ status: 400, body: { error: { param: 'stream' } } })
  expect(await get(`${id}?stream=true&starting_after=x`)).toMatchObject({
    status: 400,
    body: {
      error: {
        param: 'starting_after',
        message: "Invalid type for 'starting_after': expected an integer, but got a string instead.",
      },
    },
  })
})

test('§1.8 too many background runs at once are a 429 that says when to come back', async () => {
  const { executeRun } = twoParts()
  const gateway = await startHttp(executeRun, { durable: { pendingPerCaller: 1 } })
  const { create, cancel } = responsesOf(gateway)
  const { id } = (await create(BACKGROUND)).body
  const refused = await create(BACKGROUND)
  expect(refused).toMatchObject({ status: 429, body: { error: { code: 'rate_limit_exceeded' } } })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  const other = responsesOf(gateway, { 'x-wallet-address': `0x${'1'.repeat(40)}` })
  expect((await other.create(BACKGROUND)).status).toBe(200)
  await cancel(id)
  expect((await create(BACKGROUND)).status).toBe(200)
})

test('§1.8 a full queue is a 503 that says when to come back', async () => {
  const { executeRun } = twoParts()
  const gateway = await startHttp(executeRun, { durable: { queueLimit: 1 } })
  const { create } = responsesOf(gateway)
  expect((await create(BACKGROUND)).status).toBe(200)
  const refused = await create(BACKGROUND)
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'server_overloaded' } } })
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
})

test('§1.8 while the store is away, what needs it is a 503 that says when to come back, and the rest goes on', async () => {
  const gateway = await startHttp(says('hi'))
  const { create } = responsesOf(gateway)
  const refused = await create(BACKGROUND)
  expect(refused).toMatchObject({ status: 503, body: { error: { code: 'store_unavailable' } } })
  expect(refused.headers.get('retry-after')).toBe('5')
  expect((await gateway.ask({ messages: [{ role: 'user', content: 'hello' }] })).status).toBe(200)
})
