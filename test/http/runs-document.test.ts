import { expect, test } from 'vitest'
import { findMismatch } from '../../src/check-json.ts'
import { createOpenApiDocument } from '../../src/http/openapi/document.ts'
import { toWebhookEvent } from '../../src/runs/webhooks/webhook-event.ts'
import { CALLER, FAILED, startRunDesk, submitRun, workOn } from '../support/run-desk.ts'

const { components } = createOpenApiDocument() as { components: object }

const complaint = (schema: string, value: unknown) =>
  findMismatch({ $ref: `#/components/schemas/${schema}`, components }, value)

test('runs are as the document says, in every state, in the list and by their events', async () => {
  const desk = await startRunDesk()
  const ids = await Promise.all(Array.from({ length: 5 }, async () => (await submitRun(desk)).id))
  const [, running = '', done = '', failed = '', cancelled = ''] = ids
  await desk.store.claim(running, 'worker')
  await workOn(desk, done)
  await workOn(desk, failed, FAILED)
  await desk.ask('POST', `/${cancelled}/cancel`)
  const runs = await Promise.all(ids.map(async (id) => (await desk.ask('GET', `/${id}`)).body))
  expect(runs.map(({ status }) => status)).toEqual(['queued', 'running', 'completed', 'failed', 'cancelled'])
  expect(runs.map((run) => complaint('Run', run))).toEqual(ids.map(() => undefined))
  expect(complaint('RunList', (await desk.ask('GET', '')).body)).toBeUndefined()
  const events = (await (await desk.send('GET', `/${done}/events`)).text()).match(/(?<=^data: ).+$/gm) ?? []
  expect(events).toHaveLength(5)
  expect(events.map((event) => complaint('RunEvent', JSON.parse(event)))).toEqual(events.map(() => undefined))
  const record = (await desk.store.find(CALLER, failed)) ?? expect.fail()
  for (const api of ['runs', 'responses'] as const) {
    expect(complaint('WebhookEvent', toWebhookEvent(record, api))).toBeUndefined()
  }
  expect(complaint('DeletedRun', (await desk.ask('DELETE', `/${done}`)).body)).toBeUndefined()
})

test('what is no run is a complaint', () => {
  expect(complaint('Run', {})).toBeDefined()
  expect(complaint('RunEvent', { type: 'run.queued' })).toBeDefined()
})
