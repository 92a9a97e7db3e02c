import type { ExecuteRun, RunOrder } from '../../runs/run.ts'
import { readAnswer } from '../answer.ts'
import type { RequestNote } from '../locals.ts'
import type { ResponseEvent, ResponseTeller } from './response-events.ts'
import { inWordsOfResponses } from './response-failure.ts'

export type Telling = { order: RunOrder; teller: ResponseTeller; keepIt: () => Promise<void> }

/** A run as the events of its response, which is kept before its end is told, so that what follows at once finds it. */
export async function* tellRun(
  executeRun: ExecuteRun,
  { order, teller, keepIt, note }: Telling & { note: RequestNote },
  signal: AbortSignal,
): AsyncGenerator<ResponseEvent> {
  try {
    for await (const part of readAnswer(executeRun(order, signal), note)) {
      switch (part.type) {
        case 'working':
          yield* teller.begin()
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
