import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import OpenAI from 'openai'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { CALLER, FAILED, submitRun, workOn } from '../../../test/support/run-desk.ts'
import { createEgress } from '../../egress/egress.ts'
import type { RunStore } from '../run-store.ts'
import { createRunStore } from '../store/create-run-store.ts'
import { createWebhookSender, type WebhookSender, type WebhookSenderDeps } from './webhook-sender.ts'

const SECRET = `whsec_${randomBytes(32).toString('base64')}`

type Delivery = { headers: IncomingHttpHeaders; url: string | undefined; body: string }

type Receiver = { url: string; host: string; heard: Delivery[]; answer: number | 'nothing' }

async function startReceiver(): Promise<Receiver> {
  const server = createServer(async (req, res) => {
    const body = await text(req)
    receiver.heard.push({ headers: req.headers, url: req.url, body })
    if (receiver.answer !== 'nothing') res.writeHead(receiver.answer, { location: '/elsewhere' }).end('noted')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const receiver: Receiver = { url: `http://${host}/hooks/p4th?token=qu3ry`, host, heard: [], answer: 200 }
  return receiver
}

type House = {
  store: RunStore
  log: Record<string, unknown>[]
  send(deps?: Partial<WebhookSenderDeps>): WebhookSender
  /** As if the time to wait had passed. */
  hasten(id: string): Promise<void>
  /** Undefined where nothing is due any more, nor will be. */
  nextMs(id: string): Promise<number | undefined>
}

async function startHouse({ allow = ['127.0.0.1'] } = {}): Promise<House> {
  const database = await testDatabase()
  const store = createRunStore({
    database,
    limits: { runsPerCaller: 8, pendingPerCaller: 100, queueLimit: 1_000, queueTimeoutMs: 60_000 },
    retentionMs: 3_600_000,
  })
  const log: Record<string, unknown>[] = []
  const logger = pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  return {
    store,
    log,
    send(deps = {}) {
      const sender = createWebhookSender({
        store,
        egress: createEgress({ allow }),
        apiOf: () => 'runs',
        log: logger,
        pollMs: 20,
        ...deps,
      })
      sender.start()
      onTestFinished(() => sender.stop(AbortSignal.abort()))
      return sender
    },
    async hasten(id) {
      await database.pool.query(`update runs set webhook_at = clock_timestamp() where id = $1`, [id])
    },
    async nextMs(id) {
      const { rows } = await database.pool.query(
        `select (extract(epoch from webhook_at - clock_timestamp()) * 1000)::float8 as ms from runs where id = $1`,
        [id],
      )
      return rows[0]?.ms ?? undefined
    },
  }
}

async function endRun({ store }: House, { url }: Receiver, outcome = FAILED): Promise<string> {
  const { id } = await submitRun({ store }, { webhook: { url, secret: SECRET } })
  await workOn({ store }, id, outcome)
  return id
}

const about = (house: House, id: string) => house.log.filter(({ runId }) => runId === id)

test("the end of a run is told once, signed so that OpenAI's client knows who sends", async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const id = await endRun(house, receiver)
  house.send()
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  const [{ headers, url, body }] = receiver.heard as [Delivery]
  expect(receiver.heard).toHaveLength(1)
  expect(url).toBe('/hooks/p4th?token=qu3ry')
  expect(headers['content-type']).toBe('application/json')
  const { webhooks } = new OpenAI({ apiKey: 'any' })
  const event = await webhooks.unwrap(body, headers as Record<string, string>, SECRET)
  const endedAtMs = (await house.store.find(CALLER, id))?.endedAtMs ?? 0
  expect(event).toEqual({
    id: id.replace('run_', 'evt_'),
    object: 'event',
    created_at: Math.floor(endedAtMs / 1_000),
    type: 'run.failed',
    data: { id },
  })
  expect(headers['webhook-id']).toBe(event.id)
  const other = `whsec_${randomBytes(32).toString('base64')}`
  await expect(webhooks.unwrap(body, headers as Record<string, string>, other)).rejects.toThrow(/signature/i)
  await expect(webhooks.unwrap(`${body} `, headers as Record<string, string>, SECRET)).rejects.toThrow(/signature/i)
  await expect.poll(() => about(house, id)).toMatchObject([{ level: 30, host: receiver.host, attempt: 1, status: 200 }])
})

test('a run of the Responses API is told in its words', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const id = await endRun(house, receiver)
  house.send({ apiOf: () => 'responses' })
  await expect.poll(() => receiver.heard.length).toBe(1)
  expect(JSON.parse(receiver.heard[0]?.body ?? '')).toMatchObject({
    type: 'response.failed',
    data: { id: id.replace('run_', 'resp_') },
  })
})

test('a cancelled run is told as well; one without a webhook, or that has not ended, is not', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const webhook = { url: receiver.url, secret: SECRET }
  const { id } = await submitRun(house, { webhook })
  await submitRun(house, { webhook })
  await workOn(house, (await submitRun(house)).id)
  await house.store.cancel(CALLER, id)
  house.send()
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(receiver.heard.map(({ body }) => JSON.parse(body).type)).toEqual(['run.cancelled'])
})

test('what is not taken is sent again, later each time, as the same message with a fresh signature', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  let nowMs = Date.now()
  const outcomes: string[] = []
  const id = await endRun(house, receiver)
  house.send({ now: () => nowMs, onWebhook: (outcome) => outcomes.push(outcome) })
  receiver.answer = 500
  for (const [at, waitMs] of [5_000, 30_000, 120_000].entries()) {
    await expect.poll(() => receiver.heard.length).toBe(at + 1)
    await expect.poll(() => about(house, id).length).toBe(at + 1)
    expect(Math.abs(((await house.nextMs(id)) ?? 0) / waitMs - 1)).toBeLessThan(0.4)
    nowMs += 10_000
    if (at === 2) receiver.answer = 204
    await house.hasten(id)
  }
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(receiver.heard).toHaveLength(4)
  for (const name of ['webhook-id', 'content-type']) {
    expect(new Set(receiver.heard.map(({ headers }) => headers[name])).size, name).toBe(1)
  }
  expect(new Set(receiver.heard.map(({ body }) => body)).size).toBe(1)
  expect(new Set(receiver.heard.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4)
  expect(new Set(receiver.heard.map(({ headers }) => headers['webhook-signature'])).size).toBe(4)
  await expect.poll(() => outcomes).toEqual(['failed', 'failed', 'failed', 'delivered'])
  expect(about(house, id).map(({ level, attempt, status }) => ({ level, attempt, status }))).toEqual([
    { level: 40, attempt: 1, status: 500 },
    { level: 40, attempt: 2, status: 500 },
    { level: 40, attempt: 3, status: 500 },
    { level: 30, attempt: 4, status: 204 },
  ])
})

test('after the seventh try it is given up', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  receiver.answer = 503
  const id = await endRun(house, receiver)
  house.send()
  for (let tries = 1; tries <= 7; tries++) {
    await expect.poll(() => about(house, id).length).toBe(tries)
    if (tries < 7) await house.hasten(id)
  }
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(receiver.heard).toHaveLength(7)
  await expect
    .poll(() => about(house, id).at(-1))
    .toMatchObject({ level: 40, msg: 'webhook failed, and is given up', attempt: 7 })
})

test('a receiver that is gone, by its own word, is not asked again', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  receiver.answer = 410
  const outcomes: string[] = []
  const id = await endRun(house, receiver)
  house.send({ onWebhook: (outcome) => outcomes.push(outcome) })
  await expect.poll(() => outcomes).toEqual(['given_up'])
  expect(await house.nextMs(id)).toBeUndefined()
  expect(receiver.heard).toHaveLength(1)
})

test('a redirect is no answer, and is not followed', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  receiver.answer = 302
  const id = await endRun(house, receiver)
  house.send()
  await expect.poll(() => about(house, id)).toMatchObject([{ status: 302, retryInMs: expect.any(Number) }])
  expect(receiver.heard.map(({ url }) => url)).toEqual(['/hooks/p4th?token=qu3ry'])
})

test('what may not be reached any more is not reached, and tried again', async () => {
  const house = await startHouse({ allow: [] })
  const receiver = await startReceiver()
  const id = await endRun(house, receiver)
  house.send()
  await expect.poll(() => about(house, id)).toMatchObject([{ reason: 'refused', retryInMs: expect.any(Number) }])
  expect(receiver.heard).toEqual([])
})

test('a log line names the host, and neither path, query nor secret', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  receiver.answer = 500
  const id = await endRun(house, receiver)
  const refused = await endRun(house, { ...receiver, url: 'http://127.0.0.1:9/hooks/p4th?token=qu3ry' })
  house.send()
  await expect.poll(() => about(house, id).length + about(house, refused).length).toBe(2)
  expect(about(house, refused)).toMatchObject([{ host: '127.0.0.1:9', reason: 'unreachable', code: 'ECONNREFUSED' }])
  const text = JSON.stringify(house.log)
  for (const secret of ['p4th', 'qu3ry', SECRET, SECRET.slice(6)]) expect(text).not.toContain(secret)
})

test('of several processes one sends, and what one has not noted the next sends again', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const ids = await Promise.all(Array.from({ length: 20 }, () => endRun(house, receiver)))
  for (let processes = 0; processes < 3; processes++) house.send()
  for (const id of ids) await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(receiver.heard.map(({ headers }) => headers['webhook-id']).sort()).toEqual(
    ids.map((id) => id.replace('run_', 'evt_')).sort(),
  )
})

test('a process that dies before it can note a try has it made again, with the same id', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const id = await endRun(house, receiver)
  const dead = house.send({
    store: {
      dueWebhooks: house.store.dueWebhooks,
      noteWebhook: () => Promise.reject(new Error('the process is gone')),
    },
  })
  await expect.poll(() => receiver.heard.length).toBe(1)
  await dead.stop()
  expect(await house.nextMs(id)).toBeGreaterThan(30_000)
  await house.hasten(id)
  house.send()
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(new Set(receiver.heard.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
  expect(receiver.heard).toHaveLength(2)
  await expect.poll(() => about(house, id).at(-1)).toMatchObject({ attempt: 2, status: 200 })
})

test('a receiver that hangs does not hold up the others', async () => {
  const house = await startHouse()
  const [slow, quick] = [await startReceiver(), await startReceiver()]
  slow.answer = 'nothing'
  await endRun(house, slow)
  house.send()
  await expect.poll(() => slow.heard.length).toBe(1)
  const id = await endRun(house, quick)
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(quick.heard).toHaveLength(1)
})

test('a nudge makes it look at once', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  let looks = 0
  const store = {
    noteWebhook: house.store.noteWebhook,
    dueWebhooks: (limit: number) => {
      looks++
      return house.store.dueWebhooks(limit)
    },
  }
  const sender = house.send({ store, pollMs: 3_600_000 })
  await expect.poll(() => looks).toBe(1)
  await endRun(house, receiver)
  sender.nudge()
  await expect.poll(() => receiver.heard.length).toBe(1)
})

test('a store that is away is asked again', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  const id = await endRun(house, receiver)
  let isAway = true
  const { noteWebhook } = house.store
  const dueWebhooks = (limit: number) =>
    isAway ? Promise.reject(new Error('no store')) : house.store.dueWebhooks(limit)
  house.send({ store: { noteWebhook, dueWebhooks } })
  await expect.poll(() => house.log.some(({ msg }) => String(msg).includes('the store does not answer'))).toBe(true)
  isAway = false
  await expect.poll(() => house.nextMs(id)).toBeUndefined()
  expect(receiver.heard).toHaveLength(1)
})

test('stopping waits for what is on its way, until the limit; what is cut off stays due', async () => {
  const house = await startHouse()
  const receiver = await startReceiver()
  receiver.answer = 'nothing'
  const id = await endRun(house, receiver)
  const sender = house.send()
  await expect.poll(() => receiver.heard.length).toBe(1)
  const limit = new AbortController()
  let isStopped = false
  const stopping = sender.stop(limit.signal).then(() => {
    isStopped = true
  })
  await new Promise(setImmediate)
  expect(isStopped).toBe(false)
  limit.abort()
  await stopping
  expect(await house.nextMs(id)).toBeGreaterThan(0)
  expect(about(house, id)).toEqual([])
})
