import type { OutputItem, OutputText, WireResponse } from './response-object.ts'

/** An event of a streamed response. `sequence_number` counts from 0. */
export type ResponseEvent = EventBody & { sequence_number: number }

export type EventBody =
  | { type: LifeEvent; response: WireResponse }
  | { type: 'response.output_item.added' | 'response.output_item.done'; output_index: number; item: OutputItem }
  | ({ type: 'response.content_part.added' | 'response.content_part.done'; part: OutputText } & InText)
  | ({ type: 'response.output_text.delta'; delta: string; logprobs: readonly never[] } & InText)
  | ({ type: 'response.output_text.done'; text: string; logprobs: readonly never[] } & InText)
  | ({
      type: 'response.function_call_arguments.delta' | 'response.custom_tool_call_input.delta'
      delta: string
    } & InItem)
  | ({ type: 'response.function_call_arguments.done'; name: string; arguments: string } & InItem)
  | ({ type: 'response.custom_tool_call_input.done'; input: string } & InItem)
  /** Ahead of `response.failed`: many clients know only one of the two. */
  | { type: 'error'; code: string; message: string; param: string | null }

export type LifeEvent = `response.${'created' | 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed'}`
export type InItem = { item_id: string; output_index: number }
export type InText = InItem & { content_index: 0 }
