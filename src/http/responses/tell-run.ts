import type { RunEvent } from '../../runs/run.ts'
import { readAnswer } from '../answer.ts'
import type { RequestNote } from '../request-note.ts'
import type { ResponseEvent } from './response-event.ts'
import { inWordsOfResponses } from './response-failure.ts'
import type { ResponseTeller } from './response-teller.ts'

export type Telling = {
  teller: ResponseTeller
  /** Keeps the response as it stands. Does not reject. */
  keepIt: () => Promise<void>
  /** The response is told as soon as its run is stored: what fails from then on is told in it. */
  opensAtOnce: boolean
  /** The response begins as soon as the model has been heard. */
  beginsEarly: boolean
  note: RequestNote
}

/** A run as the events of its response, which is kept before its end is told, so that what follows at once finds it. */
export async function* tellRun(
  run: AsyncIterable<RunEvent>,
  { teller, keepIt, opensAtOnce, beginsEarly, note }: Telling,
): AsyncGenerator<ResponseEvent> {
  if (opensAtOnce) yield* teller.open()
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
