import type { ToolCall } from '../../messages.ts'
import type { RunCompleted } from '../../runs/run.ts'
import { toWireTrace } from '../wire-trace.ts'
import type { CallersTool } from './offered-tools.ts'
import type { EventBody, InItem, InText, LifeEvent, ResponseEvent } from './response-event.ts'
import { toFailure } from './response-failure.ts'
import {
  type CustomCallItem,
  type FunctionCallItem,
  type MessageItem,
  type OutputItem,
  type OutputText,
  toResponseUsage,
  type WireResponse,
} from './response-object.ts'

/** What a run tells, as a response that grows: the events in order, and the response as it stands. */
export type ResponseTeller = {
  response(): WireResponse
  /** The response exists. The others tell it where it has not been told. */
  open(): ResponseEvent[]
  /** The model has been heard. */
  begin(): ResponseEvent[]
  /**
   * That it goes on, until there is output; then undefined. An event, since clients that give up on a silent stream (Codex,
   * after 5 minutes) do not count comments.
   */
  lifeSign(): ResponseEvent | undefined
  text(text: string): ResponseEvent[]
  /** After all texts. */
  call(call: ToolCall): ResponseEvent[]
  complete(run: RunCompleted): ResponseEvent[]
  fail(thrown: unknown): ResponseEvent[]
  cancel(): ResponseEvent[]
}

export type ResponseTellerOptions = {
  /** As it stands before anything happens: `queued` where nobody waits for it, else `in_progress`. */
  start: WireResponse
  /** By the name that the model calls. */
  callers: ReadonlyMap<string, CallersTool>
  trace: boolean
  /** Unix time in milliseconds. */
  now: () => number
}

export function createResponseTeller({ start, callers, trace, now }: ResponseTellerOptions): ResponseTeller {
  const suffix = start.id.replace(/^resp_/, '')
  let response = start
  let sequence = 0
  let stage: 'new' | 'open' | 'begun' = 'new'
  let message: { item: MessageItem; text: string } | undefined

  const number = (body: EventBody): ResponseEvent => ({ ...body, sequence_number: sequence++ })
  const life = (type: LifeEvent) => number({ type, response })
  const inMessage = (id: string): InText => ({ item_id: id, output_index: 0, content_index: 0 })

  function open(): ResponseEvent[] {
    if (stage !== 'new') return []
    stage = 'open'
    return [life('response.created'), ...(start.status === 'queued' ? [life('response.queued')] : [])]
  }

  function begin(): ResponseEvent[] {
    if (stage === 'begun') return []
    const opening = open()
    stage = 'begun'
    response = { ...response, status: 'in_progress' }
    return [...opening, life('response.in_progress')]
  }

  function lifeSign(): ResponseEvent | undefined {
    const isSilent = message === undefined && response.output.length === 0
    // Once it has ended, its last events have their numbers.
    return stage !== 'new' && isSilent && response.status === 'in_progress' ? life('response.in_progress') : undefined
  }

  function text(delta: string): ResponseEvent[] {
    const events = begin()
    if (message === undefined) {
      const item: MessageItem = {
        type: 'message',
        id: `msg_${suffix}o0`,
        role: 'assistant',
        status: 'in_progress',
        content: [],
      }
      message = { item, text: '' }
      events.push(
        number({ type: 'response.output_item.added', output_index: 0, item }),
        number({ type: 'response.content_part.added', part: toText(''), ...inMessage(item.id) }),
      )
    }
    message.text += delta
    events.push(number({ type: 'response.output_text.delta', delta, logprobs: [], ...inMessage(message.item.id) }))
    return events
  }

  function endMessage(status: MessageItem['status']): ResponseEvent[] {
    if (message === undefined) return []
    const part = toText(message.text)
    const item: MessageItem = { ...message.item, status, content: [part] }
    message = undefined
    response = { ...response, output: [...response.output, item] }
    return [
      number({ type: 'response.output_text.done', text: part.text, logprobs: [], ...inMessage(item.id) }),
      number({ type: 'response.content_part.done', part, ...inMessage(item.id) }),
      number({ type: 'response.output_item.done', output_index: 0, item }),
    ]
  }

  function call(toolCall: ToolCall): ResponseEvent[] {
    const events = [...begin(), ...endMessage('completed')]
    const output_index = response.output.length
    const item = toCallItem(toolCall, callers.get(toolCall.name), `${suffix}o${output_index}`)
    const at: InItem = { item_id: item.id, output_index }
    response = { ...response, output: [...response.output, item] }
    if (item.type === 'function_call') {
      const { name, arguments: argumentsText } = item
      const blank: OutputItem = { ...item, arguments: '', status: 'in_progress' }
      events.push(
        number({ type: 'response.output_item.added', output_index, item: blank }),
        number({ type: 'response.function_call_arguments.delta', delta: argumentsText, ...at }),
        number({ type: 'response.function_call_arguments.done', name, arguments: argumentsText, ...at }),
      )
    } else {
      const blank: OutputItem = { ...item, input: '', status: 'in_progress' }
      events.push(
        number({ type: 'response.output_item.added', output_index, item: blank }),
        number({ type: 'response.custom_tool_call_input.delta', delta: item.input, ...at }),
        number({ type: 'response.custom_tool_call_input.done', input: item.input, ...at }),
      )
    }
    events.push(number({ type: 'response.output_item.done', output_index, item }))
    return events
  }

  function complete({ reason, usage, trace: runTrace, endedAtMs = now() }: RunCompleted): ResponseEvent[] {
    const incomplete = INCOMPLETE[reason]
    const events = [...begin(), ...endMessage(incomplete === undefined ? 'completed' : 'incomplete')]
    response = {
      ...response,
      status: incomplete === undefined ? 'completed' : 'incomplete',
      incomplete_details: incomplete === undefined ? null : { reason: incomplete },
      completed_at: incomplete === undefined ? Math.floor(endedAtMs / 1000) : null,
      usage: toResponseUsage(usage),
      ...(trace && { groundwire: toWireTrace(runTrace) }),
    }
    return [...events, life(incomplete === undefined ? 'response.completed' : 'response.incomplete')]
  }

  /** No event of its own says that a response was cancelled; clients read `response.failed` as the end without an answer. */
  function breakOff(change: Pick<WireResponse, 'status' | 'error'>): ResponseEvent[] {
    const events = [...begin(), ...endMessage('incomplete')]
    response = { ...response, completed_at: null, incomplete_details: null, ...change }
    return [...events, ...toEnd()]
  }

  function toEnd(): ResponseEvent[] {
    const { status, error } = response
    if (error !== null) {
      const { code, message, param } = error
      return [number({ type: 'error', code, message, param }), life('response.failed')]
    }
    return [life(status === 'cancelled' ? 'response.failed' : `response.${status as 'completed'}`)]
  }

  return {
    response: () => response,
    open,
    begin,
    lifeSign,
    text,
    call,
    complete,
    fail: (thrown) => breakOff({ status: 'failed', error: toFailure(thrown) }),
    cancel: () => breakOff({ status: 'cancelled', error: null }),
  }
}

const INCOMPLETE: Partial<Record<RunCompleted['reason'], 'max_output_tokens' | 'content_filter'>> = {
  length: 'max_output_tokens',
  content_filter: 'content_filter',
}

const toText = (text: string): OutputText => ({ type: 'output_text', text, annotations: [], logprobs: [] })

function toCallItem(
  { id, name, argumentsText }: ToolCall,
  caller: CallersTool | undefined,
  suffix: string,
): FunctionCallItem | CustomCallItem {
  const known = {
    call_id: id,
    name: caller?.name ?? name,
    ...(caller?.namespace !== undefined && { namespace: caller.namespace }),
    status: 'completed' as const,
  }
  return caller?.kind === 'custom'
    ? { type: 'custom_tool_call', id: `ctc_${suffix}`, ...known, input: toCustomInput(argumentsText) }
    : { type: 'function_call', id: `fc_${suffix}`, ...known, arguments: argumentsText }
}

/** The arguments were held against the schema of a free-text tool before they got here. */
function toCustomInput(argumentsText: string): string {
  const { input } = JSON.parse(argumentsText) as { input?: unknown }
  return typeof input === 'string' ? input : argumentsText
}
