import type { Logger } from 'pino'
import type { Egress } from '../../egress/egress.ts'
import { EgressError } from '../../egress/egress-error.ts'
import type { RunRecord } from '../run-record.ts'
import type { DueWebhook, RunUpkeep } from '../run-store.ts'
import { toRetryDelayMs } from './retry-delay.ts'
import { signWebhook } from './sign-webhook.ts'
import { type RunApi, toWebhookEvent } from './webhook-event.ts'

/** Tells those who asked for it how runs have ended, at least once each. */
export type WebhookSender = {
  start(): void
  /** A run with a webhook may have ended: looks at once. */
  nudge(): void
  /** Takes no more, and waits for those on their way. What `limit` cuts off is sent again, by any process. */
  stop(limit?: AbortSignal): Promise<void>
}

export type WebhookOutcome = 'delivered' | 'failed' | 'given_up'

export type WebhookSenderDeps = {
  store: Pick<RunUpkeep, 'dueWebhooks' | 'noteWebhook'>
  egress: Pick<Egress, 'post'>
  apiOf: (run: RunRecord) => RunApi
  /** Hears of each try that is over. */
  onWebhook?: (outcome: WebhookOutcome) => void
  log: Pick<Logger, 'info' | 'warn'>
  /** Unix time in milliseconds, for receivers to see that a message is fresh. */
  now?: () => number
  pollMs?: number
}

export function createWebhookSender({
  store,
  egress,
  apiOf,
  onWebhook = () => {},
  log,
  now = Date.now,
  pollMs = 2_000,
}: WebhookSenderDeps): WebhookSender {
  const stopped = new AbortController()
  const cutOff = new AbortController()
  const onTheirWay = new Set<Promise<void>>()
  let loop: Promise<void> | undefined
  let isNudged = false
  let isStoreAway = false
  let wake = () => {}

  function nudge(): void {
    isNudged = true
    wake()
  }

  async function work(): Promise<void> {
    while (!stopped.signal.aborted) {
      isNudged = false
      const room = MAX_AT_ONCE - onTheirWay.size
      const due = room > 0 ? await takeDue(room) : []
      for (const webhook of due) {
        const sent = deliver(webhook).finally(() => {
          onTheirWay.delete(sent)
          if (due.length === room) nudge() // there may be more than there was room for
        })
        onTheirWay.add(sent)
      }
      await pause()
    }
  }

  async function takeDue(limit: number): Promise<readonly DueWebhook[]> {
    try {
      const due = await store.dueWebhooks(limit)
      if (isStoreAway) log.info('webhooks are sent again')
      isStoreAway = false
      return due
    } catch (err) {
      if (!isStoreAway) log.warn({ err }, 'webhooks wait: the store does not answer')
      isStoreAway = true
      return []
    }
  }

  async function pause(): Promise<void> {
    if (isNudged || stopped.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, pollMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async function deliver({ run, url, secret, tries }: DueWebhook): Promise<void> {
    const line = { runId: run.id, host: URL.parse(url)?.host, attempt: tries + 1 }
    try {
      const event = toWebhookEvent(run, apiOf(run))
      if (event === undefined) return
      const { isDelivered, isFinal, fields } = await send(event.id, JSON.stringify(event), { url, secret })
      const retryInMs = isFinal ? undefined : toRetryDelayMs(tries + 1)
      await store.noteWebhook(run.id, retryInMs)
      const outcome = isDelivered ? 'delivered' : retryInMs === undefined ? 'given_up' : 'failed'
      onWebhook(outcome)
      if (outcome === 'delivered') log.info({ ...line, ...fields }, 'webhook delivered')
      else log.warn({ ...line, ...fields, retryInMs }, outcome === 'failed' ? 'webhook failed' : GIVEN_UP)
    } catch (err) {
      // Nothing is noted: it is due again in a minute.
      if (!cutOff.signal.aborted) log.warn({ ...line, err }, 'webhook is sent again')
    }
  }

  async function send(id: string, body: string, { url, secret }: { url: string; secret: string }): Promise<Try> {
    const signed = signWebhook({ id, body, secret, timestampSec: Math.floor(now() / 1000) })
    try {
      const { status } = await egress.post(url, {
        headers: { 'content-type': 'application/json', 'user-agent': 'groundwire', ...signed },
        body,
        timeoutMs: TIMEOUT_MS,
        maxBytes: MAX_REPLY_BYTES,
        signal: cutOff.signal,
      })
      const isDelivered = status >= 200 && status <= 299
      return { isDelivered, isFinal: isDelivered || status === GONE, fields: { status } }
    } catch (error) {
      if (!(error instanceof EgressError)) throw error
      return { isDelivered: false, isFinal: false, fields: { reason: error.reason, code: error.code } }
    }
  }

  return {
    start() {
      loop ??= work()
    },
    nudge,
    async stop(limit) {
      stopped.abort()
      wake()
      const cut = () => cutOff.abort(limit?.reason)
      if (limit?.aborted) cut()
      limit?.addEventListener('abort', cut, { once: true })
      await loop
      await Promise.all(onTheirWay)
      limit?.removeEventListener('abort', cut)
    },
  }
}

/** `isFinal`: it is not tried again. */
type Try = {
  isDelivered: boolean
  isFinal: boolean
  fields: { status: number } | { reason: string; code: string | undefined }
}

const GIVEN_UP = 'webhook failed, and is given up'
const MAX_AT_ONCE = 32
/** Well within the minute for which the store gives a webhook away. */
const TIMEOUT_MS = 15_000
const MAX_REPLY_BYTES = 64 * 1024
/** By Standard Webhooks: the receiver wants no more. */
const GONE = 410
