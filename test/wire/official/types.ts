import type { ChatCompletion, ChatCompletionChunk } from 'openai/resources/chat/completions'
import type { Response, ResponseStreamEvent } from 'openai/resources/responses/responses'
import type { ErrorObject } from 'openai/resources/shared'

/** What `scripts/official-schemas.ts` turns into JSON Schemas: types that OpenAI generates from its description of the API. */
export type Official = {
  ChatCompletion: ChatCompletion
  ChatCompletionChunk: ChatCompletionChunk
  ErrorObject: ErrorObject
  Response: Response
  ResponseStreamEvent: ResponseStreamEvent
}
