import { CHAT_REPLIES } from './examples.ts'

const { answer } = CHAT_REPLIES
const ID = answer.id.replace('chatcmpl-', 'run_')

const ROW = {
  id: ID,
  object: 'run',
  status: 'completed',
  model: 'conductor',
  created_at: answer.created,
  started_at: answer.created + 1,
  ended_at: answer.created + 42,
  expires_at: null,
  steps: 2,
  usage: answer.usage,
  error: null,
  metadata: {},
}

export const RUN = { ...ROW, result: { ...answer, model: 'conductor' } }

export const QUEUED_RUN = {
  ...RUN,
  status: 'queued',
  started_at: null,
  ended_at: null,
  expires_at: RUN.created_at + 900,
  steps: 0,
  usage: null,
  result: null,
}

export const CANCELLED_RUN = { ...RUN, status: 'cancelled', result: null }

export const RUN_LIST = { object: 'list', data: [ROW], first_id: ID, last_id: ID, has_more: false }

const event = (type: string, sequenceNumber: number, rest: object = {}) => ({
  type,
  sequence_number: sequenceNumber,
  run_id: ID,
  created_at: RUN.created_at,
  ...rest,
})

export const RUN_EVENTS = {
  queued: event('run.queued', 1),
  started: event('run.started', 2, { attempt: 1 }),
  step: event('run.step_finished', 3, { step: 1, usage: RUN.usage }),
  tool: event('run.tool_finished', 4, {
    step: 1,
    call_id: 'call_1',
    name: 'balance',
    ok: true,
    summary: 'vitalik.eth holds 0.8412 ETH on base.',
  }),
  end: event('run.completed', 6, { run: RUN }),
}

export const WEBHOOK_EVENT = {
  id: ID.replace('run_', 'evt_'),
  object: 'event',
  created_at: RUN.ended_at,
  type: 'run.completed',
  data: { id: ID },
}
