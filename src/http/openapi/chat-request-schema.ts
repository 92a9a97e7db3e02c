import { z } from 'zod'
import { ChatMessage, WireToolCall } from '../chat/chat-messages.ts'
import { ChatBody } from '../chat/chat-request.ts'
import { FunctionTool } from '../chat/client-tools.ts'
import { NamedChoice } from '../chat/tool-choice.ts'
import { ChoiceWord } from '../parse-tool-choice.ts'
import { withNotes } from './field-notes.ts'
import { Metadata, SHARED_NOTES } from './shared-notes.ts'

// The body is judged in two rounds: first as a whole, then message by message and tool by tool. Here they are put together.

const TextPart = z.object({ type: z.literal('text'), text: z.string() }).meta({ id: 'TextPart' })
const RefusalPart = z.object({ type: z.literal('refusal'), refusal: z.string() }).meta({ id: 'RefusalPart' })
const content = z.union([z.string(), z.array(TextPart).min(1)])

const [System, Developer, User, Assistant, Tool] = ChatMessage.options

const Message = z
  .discriminatedUnion('role', [
    System.extend({ content }),
    Developer.extend({ content }),
    User.extend({ content }),
    Assistant.omit({ function_call: true }).extend({
      content: z.union([z.string(), z.array(z.union([TextPart, RefusalPart]))]).nullish(),
      tool_calls: z
        .array(WireToolCall.meta({ id: 'ToolCallEcho' }))
        .max(128)
        .nullish(),
    }),
    Tool.extend({ content }),
  ])
  .meta({ id: 'ChatMessage' })

/** What is refused by name is left out. */
const Accepted = ChatBody.omit({
  audio: true,
  function_call: true,
  functions: true,
  logit_bias: true,
  logprobs: true,
  modalities: true,
  top_logprobs: true,
  web_search_options: true,
}).extend({
  messages: z.array(Message).min(1),
  n: z.literal(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  tools: z
    .array(FunctionTool.meta({ id: 'FunctionTool' }))
    .max(128)
    .nullish(),
  tool_choice: z.union([ChoiceWord, NamedChoice]).nullish(),
  metadata: Metadata,
})

/** The body of `POST /v1/chat/completions`. */
export const ChatCompletionRequest = withNotes(Accepted, {
  ...SHARED_NOTES,
  messages: 'The conversation. Every tool call in it is followed by its result.',
  stream_options: '`include_usage` adds a chunk with the usage at the end of a stream.',
  max_completion_tokens: 'Tokens of the visible answer; what tools take is not counted against it.',
  max_tokens: 'The older name of `max_completion_tokens`, which wins.',
  stop: 'Where the visible answer ends; the text itself is not returned.',
  seed: 'Handed to the model.',
  tools: "Functions of the caller. Calls of them are handed back; the gateway's own tools run unseen.",
  parallel_tool_calls: 'With `false` an answer holds at most one call.',
  response_format: 'JSON answers are held against the schema before they leave.',
  background: 'Answer at once with the run, and go on without the caller. Not with `stream`: follow its events.',
  reasoning_effort: 'Ignored.',
  store: 'Ignored: runs are kept where they have to be, and nothing else.',
}).meta({ id: 'ChatCompletionRequest' })
