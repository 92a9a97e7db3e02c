import type { Logger } from 'pino'
import type { RunEvent } from '../../runs/run.ts'
import { readAnswer } from '../answer.ts'
import { toErrorLog } from '../error-log.ts'
import type { RequestNote } from '../request-note.ts'
import type { ResponseEvent } from './response-event.ts'
import { inWordsOfResponses } from './response-failure.ts'
import type { ResponseTeller } from './response-teller.ts'

export type Telling = { runId: string; teller: ResponseTeller; keepIt: () => Promise<void> }

type TellRunOptions = {
  /** The response begins as soon as the model has been heard. */
  beginsEarly: boolean
  note: RequestNote
}

/** A run as the events of its response, which is kept before its end is told, so that what follows at once finds it. */
export async function* tellRun(
  run: AsyncIterable<RunEvent>,
  { teller, keepIt, beginsEarly, note }: Omit<Telling, 'runId'> & TellRunOptions,
): AsyncGenerator<ResponseEvent> {
  try {
    for await (const part of readAnswer(run, note)) {
      switch (part.type) {
        case 'working':
          if (beginsEarly) yield* teller.begin()
          break
        case 'text':
          yield* teller.text(part.text)
          break
        case 'client_call':
          yield* teller.call(part.call)
          break
        case 'completed': {
          const last = teller.complete(part.run)
          await keepIt()
          yield* last
          break
        }
        default:
          part satisfies never
      }
    }
  } catch (error) {
    throw inWordsOfResponses(error)
  }
}

/** Keeps a response that failed. Where that fails too the caller need not hear of it, but the log does. */
export async function keepFailed({ runId, keepIt }: Telling, log: Logger): Promise<void> {
  await keepIt().catch((error: unknown) => log.error({ runId, error: toErrorLog(error) }, 'response not kept'))
}
