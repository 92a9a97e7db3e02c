import type { EndState, RunRecord } from '../run-record.ts'

/** What a webhook says: how a run ended. The result itself is fetched, by who may. Shaped like OpenAI's events. */
export type WebhookEvent = {
  /** `evt_…`, the same however often it is sent. */
  id: string
  object: 'event'
  /** Unix time in seconds. */
  created_at: number
  type: `run.${EndState}` | `response.${ResponseEnd}`
  data: { id: string }
}

type ResponseEnd = 'completed' | 'incomplete' | 'failed' | 'cancelled'

/** How the API that took a run names it. */
export type RunApi = 'runs' | 'responses'

/** The event of a run that has ended; undefined while it has not. */
export function toWebhookEvent({ id, endedAtMs, outcome }: RunRecord, api: RunApi): WebhookEvent | undefined {
  if (outcome === null || endedAtMs === null) return undefined
  const isResponse = api === 'responses'
  return {
    id: id.replace(/^run_/, 'evt_'),
    object: 'event',
    created_at: Math.floor(endedAtMs / 1000),
    type: isResponse ? `response.${toResponseEnd(outcome)}` : `run.${outcome.state}`,
    data: { id: isResponse ? id.replace(/^run_/, 'resp_') : id },
  }
}

function toResponseEnd(outcome: NonNullable<RunRecord['outcome']>): ResponseEnd {
  switch (outcome.state) {
    case 'completed':
      return outcome.reason === 'length' || outcome.reason === 'content_filter' ? 'incomplete' : 'completed'
    case 'expired':
      return 'failed'
    default:
      return outcome.state
  }
}
