import { setTimeout as pause } from 'node:timers/promises'
import type { Journal } from './journal.ts'
import { toSecret } from './money.ts'
import type { CallerPlan } from './plan.ts'
import { toQuestion } from './question.ts'

/** What a caller was told by one try. */
export type Heard = {
  plan: CallerPlan
  runId: string | undefined
  /** `clean`: it ended as an answer does; `refused`: with an error; `broken`: in the middle, or not at all. */
  end: 'clean' | 'accepted' | 'refused' | 'broken' | 'left'
  text: string
  /** Why the answer ended. */
  reason: string | undefined
  status: number
  code: string | undefined
  /** As the answer shows it. */
  usage: { promptTokens: number; completionTokens: number } | undefined
  askedAtMs: number
  atMs: number
}

export type CallerDeps = {
  /** Where the gateways are now. */
  url(gateway: number): string
  journal: Journal
  hear(heard: Heard): void
  /** A cancellation was confirmed, for that run. */
  cancelled(runId: string): void
  /** Stops callers from asking again. */
  over: AbortSignal
}

const TRIES = 30
const PATIENCE_MS = 30_000

/** Asks until there is an answer, as an SDK does: again after what may pass, and then saying so. */
export async function play(plan: CallerPlan, deps: CallerDeps): Promise<void> {
  const ask = (gateway: number) => askUntilAnswered({ ...plan, gateway }, deps)
  await Promise.all(plan.hasTwin ? [ask(plan.gateway), ask(1 - plan.gateway)] : [ask(plan.gateway)])
}

async function askUntilAnswered(plan: CallerPlan, deps: CallerDeps): Promise<void> {
  const { journal, over } = deps
  for (let tries = 0; tries < TRIES && !over.aborted; tries++) {
    const gateway = (plan.gateway + tries) % 2
    const heard = { ...(await ask(plan, tries, gateway, deps)), atMs: Date.now() }
    deps.hear(heard)
    const { end, status, code, text, runId } = heard
    const words = [status || undefined, code, text === '' ? undefined : JSON.stringify(text), runId]
    journal.note(
      `caller at gateway${gateway + 1}: ${end} ${words.filter((word) => word !== undefined).join(' ')}`,
      plan.tag,
    )
    if (end === 'accepted' && runId !== undefined) return followUp(plan, runId, deps)
    if (end === 'clean' || end === 'left' || code === 'run_cancelled') return
    if (isOutOfCredits(heard) || (end === 'refused' && status < 500 && status !== 429)) return
    await pause(Math.min(100 + 100 * tries, 1_000))
  }
}

/** Before the run, or in the middle of it. */
export const isOutOfCredits = ({ code }: Pick<Heard, 'code'>) =>
  code === 'insufficient_credits' || code === 'budget_exceeded'

async function ask(plan: CallerPlan, tries: number, gateway: number, deps: CallerDeps): Promise<Heard> {
  const { tag, model, door, key, hangUpAfterMs } = plan
  const heard = hearNothing(plan)
  const hangUp = hangUpAfterMs === undefined ? undefined : AbortSignal.timeout(hangUpAfterMs)
  const signals = [AbortSignal.timeout(PATIENCE_MS), ...(hangUp === undefined ? [] : [hangUp])]
  const isBackground = door === 'background' || door === 'events'
  try {
    const response = await fetch(`${deps.url(gateway)}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        ...toHeaders(plan),
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(tries > 0 && { 'x-stainless-retry-count': String(tries) }),
      },
      body: JSON.stringify({
        model,
        messages: [{ role: 'user', content: toQuestion(tag).text }],
        ...(isBackground && { background: true }),
        ...(door === 'stream' && { stream: true, stream_options: { include_usage: true } }),
      }),
      signal: AbortSignal.any(signals),
    })
    heard.status = response.status
    heard.runId = response.headers.get('x-groundwire-run-id') ?? undefined
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
    if (isStream) return await readStream(response, heard)
    const body = (await response.json()) as Json
    if (response.status === 202) return { ...heard, end: 'accepted', runId: body.id }
    if (response.status !== 200) return { ...heard, end: 'refused', code: body.error?.code ?? undefined }
    const reason = body.choices[0].finish_reason
    return { ...heard, end: 'clean', text: toText(body), reason, usage: toUsage(body.usage) }
  } catch {
    return { ...heard, end: hangUp?.aborted ? 'left' : 'broken' }
  }
}

async function readStream(response: Response, heard: Heard): Promise<Heard> {
  try {
    let last = ''
    for await (const data of readData(response)) {
      last = data
      if (data === '[DONE]') break
      const chunk = JSON.parse(data) as Json
      if (chunk.error !== undefined)
        return { ...heard, end: 'refused', status: 502, code: chunk.error.code ?? undefined }
      heard.text += chunk.choices[0]?.delta.content ?? ''
      heard.reason = chunk.choices[0]?.finish_reason ?? heard.reason
      if (chunk.usage) heard.usage = toUsage(chunk.usage)
    }
    return { ...heard, end: last === '[DONE]' ? 'clean' : 'broken' }
  } catch {
    return heard
  }
}

async function* readData(response: Response): AsyncGenerator<string> {
  let rest = ''
  for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const frames = (rest + text).split('\n\n')
    rest = frames.pop() ?? ''
    for (const frame of frames) {
      const data = frame.split('\n').find((line) => line.startsWith('data: '))
      if (data !== undefined) yield data.slice(6)
    }
  }
}

/** What comes after a 202. */
async function followUp(plan: CallerPlan, runId: string, deps: CallerDeps): Promise<void> {
  await Promise.all([
    plan.cancelAfterMs === undefined ? undefined : cancel(plan, runId, plan.cancelAfterMs, deps),
    plan.door === 'events' ? readEvents(plan, runId, deps) : undefined,
  ])
}

async function cancel(plan: CallerPlan, runId: string, afterMs: number, deps: CallerDeps): Promise<void> {
  await pause(afterMs)
  for (let tries = 0; ; tries++) {
    try {
      const response = await fetch(`${deps.url(tries % 2)}/v1/runs/${runId}/cancel`, {
        method: 'POST',
        headers: toHeaders(plan),
        signal: AbortSignal.timeout(5_000),
      })
      const { status } = (await response.json()) as Json
      if (response.ok) {
        deps.journal.note(`cancelled: it is ${status}`, plan.tag)
        if (status === 'cancelled') deps.cancelled(runId)
        return
      }
    } catch {}
    await pause(200)
    if (deps.over.aborted) return
  }
}

/** Reads on at the other gateway wherever the stream of events breaks off, and misses none. */
async function readEvents(plan: CallerPlan, runId: string, deps: CallerDeps): Promise<void> {
  const { journal, over } = deps
  let seen = 0
  for (let tries = 0; !over.aborted; tries++) {
    try {
      const response = await fetch(`${deps.url(tries % 2)}/v1/runs/${runId}/events`, {
        headers: { ...toHeaders(plan), 'last-event-id': String(seen) },
        signal: AbortSignal.any([over, AbortSignal.timeout(PATIENCE_MS)]),
      })
      if (response.status === 204) return
      if (response.ok) {
        for await (const data of readData(response)) {
          const event = JSON.parse(data) as Json
          if (event.error !== undefined) break
          if (event.sequence_number !== seen + 1) {
            deps.hear({ ...hearNothing(plan), runId, code: `event ${event.sequence_number} after ${seen}` })
            journal.note(`WRONG: event ${event.sequence_number} after ${seen}`, plan.tag)
          }
          seen = event.sequence_number
          if (event.run === undefined) continue
          journal.note(`events: ${event.type}`, plan.tag)
          if (event.run.result !== null) {
            const { result } = event.run
            const text = toText(result)
            deps.hear({ ...hearNothing(plan), runId, end: 'clean', status: 200, text, usage: toUsage(result.usage) })
          }
          return
        }
      }
    } catch {}
    await pause(200)
  }
}

function hearNothing(plan: CallerPlan): Heard {
  const now = Date.now()
  const nothing = { runId: undefined, text: '', reason: undefined, status: 0, code: undefined, usage: undefined }
  return { plan, end: 'broken', ...nothing, askedAtMs: now, atMs: now }
}

const toUsage = (usage: Json): Heard['usage'] =>
  usage && { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens }

export const toHeaders = ({ caller }: Pick<CallerPlan, 'caller'>) => ({
  'content-type': 'application/json',
  authorization: `Bearer ${toSecret(caller)}`,
})

export const toText = (completion: Json): string => completion.choices[0].message.content ?? ''

// biome-ignore lint/suspicious/noExplicitAny: what came is judged later
export type Json = any
