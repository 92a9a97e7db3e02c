import { expect, test } from 'vitest'
import { ANSWERED, FAILED, toAnswered } from '../../../test/support/run-desk.ts'
import type { RunOutcome, RunRecord } from '../run-record.ts'
import { toWebhookEvent } from './webhook-event.ts'

const EXPIRED: RunOutcome = { ...FAILED, state: 'expired' } as RunOutcome
const RUN = { id: 'run_4f1d2c3b4a5968778695a4b3', endedAtMs: 1_767_225_600_999, outcome: ANSWERED } as RunRecord

test.each([
  [ANSWERED, 'run.completed', 'response.completed'],
  [toAnswered('tool_calls'), 'run.completed', 'response.completed'],
  [toAnswered('length'), 'run.completed', 'response.incomplete'],
  [toAnswered('content_filter'), 'run.completed', 'response.incomplete'],
  [FAILED, 'run.failed', 'response.failed'],
  [EXPIRED, 'run.expired', 'response.failed'],
  [{ state: 'cancelled' } as const, 'run.cancelled', 'response.cancelled'],
])('the type of an event says how the run ended, in the words of its API: %#', (outcome, asRun, asResponse) => {
  const run = { ...RUN, outcome }
  const head = { id: 'evt_4f1d2c3b4a5968778695a4b3', object: 'event', created_at: 1_767_225_600 }
  expect(toWebhookEvent(run, 'runs')).toEqual({ ...head, type: asRun, data: { id: RUN.id } })
  expect(toWebhookEvent(run, 'responses')).toEqual({
    ...head,
    type: asResponse,
    data: { id: 'resp_4f1d2c3b4a5968778695a4b3' },
  })
})

test('a run that has not ended is no event', () => {
  expect(toWebhookEvent({ ...RUN, endedAtMs: null, outcome: null }, 'runs')).toBeUndefined()
})
