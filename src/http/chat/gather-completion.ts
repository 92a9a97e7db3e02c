import type { ToolCall } from '../../messages.ts'
import type { AnswerPart } from '../answer.ts'
import { type ReplyHead, toCompletion } from './chat-reply.ts'

/** Reads an answer to its end, as one `chat.completion`. */
export async function gatherCompletion(
  answer: AsyncIterable<AnswerPart>,
  { head, trace }: { head: ReplyHead; trace: boolean },
): Promise<ReturnType<typeof toCompletion>> {
  let text = ''
  const toolCalls: ToolCall[] = []
  for await (const part of answer) {
    if (part.type === 'text') text += part.text
    if (part.type === 'client_call') toolCalls.push(part.call)
    if (part.type === 'completed') return toCompletion(head, { text, toolCalls }, part.run, trace)
  }
  throw new Error('the answer ended without completing')
}
