import { z } from 'zod'
import { ChoiceWord } from '../parse-tool-choice.ts'
import { CallOutput, CustomCall, FunctionCall, ItemReference, Message } from '../responses/input-items.ts'
import { CustomTool, FunctionTool, NamespaceTool } from '../responses/offered-tools.ts'
import { ResponseBody } from '../responses/response-request.ts'
import { NamedChoice } from '../responses/tool-choice.ts'
import { withNotes } from './field-notes.ts'
import { Metadata, SHARED_NOTES } from './shared-notes.ts'

// The body is judged in two rounds: first as a whole, then item by item and tool by tool. Here they are put together.

const TextPart = z
  .object({ type: z.enum(['input_text', 'output_text', 'text', 'summary_text']), text: z.string() })
  .meta({ id: 'InputText' })
const content = z.union([z.string(), z.array(TextPart)])

const Item = z
  .union([
    Message.extend({ type: z.literal('message').nullish(), content }),
    FunctionCall,
    CallOutput.extend({ type: z.enum(['function_call_output', 'custom_tool_call_output']), output: content }),
    CustomCall,
    ItemReference.extend({ type: z.literal('item_reference') }),
    z.looseObject({ type: z.literal('reasoning') }).meta({ description: 'Ignored.' }),
  ])
  .meta({ id: 'InputItem' })

const Tool = z.union([
  FunctionTool.meta({ id: 'ResponseFunctionTool' }),
  CustomTool.meta({ id: 'CustomTool' }),
  NamespaceTool.meta({ id: 'NamespaceTool' }),
  z.looseObject({ type: z.string() }).meta({
    description: 'What OpenAI runs itself. Those that coding agents send unasked are left out, the others are refused.',
  }),
])

/** What is refused by name is left out. */
const Accepted = ResponseBody.omit({ conversation: true, prompt: true, top_logprobs: true }).extend({
  input: z.union([z.string(), z.array(Item).min(1)]),
  tools: z.array(Tool).max(128).nullish(),
  tool_choice: z.union([ChoiceWord, NamedChoice.extend({ type: z.enum(['function', 'custom']) })]).nullish(),
  metadata: Metadata,
})

/** The body of `POST /v1/responses`. */
export const ResponseRequest = withNotes(Accepted, {
  ...SHARED_NOTES,
  input: 'A question, or the conversation as items.',
  instructions: 'A system message of this request alone.',
  previous_response_id: 'Goes on from a stored response.',
  tools: "Tools of the caller. Calls of them are handed back; the gateway's own tools run unseen.",
  text: 'JSON answers are held against the schema before they leave.',
  max_output_tokens: 'Tokens of the visible answer; what tools take is not counted against it.',
  store: 'Unless `false`, the response is kept for a day, if the operator has set nothing else. `background` needs it.',
  background:
    'Answer at once, and go on without the caller, whatever becomes of the process. The text of its stream comes at the end.',
}).meta({ id: 'ResponseRequest' })
