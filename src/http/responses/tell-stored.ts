import { retell } from '../../runs/follow-run.ts'
import type { RunRecord } from '../../runs/run-record.ts'
import { fromStoredError } from '../../runs/stored-error.ts'
import { readAnswer } from '../answer.ts'
import type { ResponseEnvelope } from './response-envelope.ts'
import type { ResponseEvent } from './response-event.ts'
import { inWordsOfResponses } from './response-failure.ts'
import type { WireResponse } from './response-object.ts'
import { createResponseTeller } from './response-teller.ts'

/** A response of a run that is kept, as it stands: each state tells all events of those before it, by the same numbers. */
export async function tellStored(
  { state, outcome, endedAtMs }: RunRecord,
  { start, callers, trace }: ResponseEnvelope,
): Promise<{ response: WireResponse; events: readonly ResponseEvent[] }> {
  const teller = createResponseTeller({ start, callers: new Map(callers), trace, now: () => endedAtMs ?? 0 })
  const events = teller.open()
  if (state !== 'queued') events.push(...teller.begin())
  if (outcome?.state === 'completed') {
    for await (const part of readAnswer(retell(outcome, endedAtMs), {})) {
      if (part.type === 'text') events.push(...teller.text(part.text))
      if (part.type === 'client_call') events.push(...teller.call(part.call))
      if (part.type === 'completed') events.push(...teller.complete(part.run))
    }
  } else if (outcome?.state === 'cancelled') {
    events.push(...teller.cancel())
  } else if (outcome !== null) {
    events.push(...teller.fail(inWordsOfResponses(fromStoredError(outcome.error))))
  }
  return { response: teller.response(), events }
}
