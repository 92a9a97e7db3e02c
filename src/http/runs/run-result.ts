import { retell } from '../../runs/follow-run.ts'
import type { RunRecord } from '../../runs/run-record.ts'
import { readAnswer } from '../answer.ts'
import type { ChatEnvelope } from '../chat/chat-envelope.ts'
import { gatherCompletion } from '../chat/gather-completion.ts'
import { toResponseEnvelope } from '../responses/response-envelope.ts'
import { tellStored } from '../responses/tell-stored.ts'

/** What the route that took the run would have answered; null where it has not come to an answer. */
export async function toRunResult(run: RunRecord): Promise<object | null> {
  const { outcome, envelope, endedAtMs } = run
  if (outcome?.state !== 'completed') return null
  const response = toResponseEnvelope(envelope)
  if (response !== undefined) return (await tellStored(run, response)).response
  return gatherCompletion(readAnswer(retell(outcome, endedAtMs), {}), envelope as ChatEnvelope)
}
