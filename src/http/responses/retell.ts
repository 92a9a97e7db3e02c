import { toToolName } from './offered-tools.ts'
import type { ResponseEvent } from './response-event.ts'
import type { KeptResponse, OutputItem, WireResponse } from './response-object.ts'
import { createResponseTeller } from './response-teller.ts'

/** The events of a response that has ended, numbered as they were when it was streamed. */
export function* retell(
  { response }: KeptResponse,
  textLengths: readonly number[],
  after: number,
): Generator<ResponseEvent> {
  const calls = response.output.filter((item) => item.type !== 'message')
  const teller = createResponseTeller({
    start: toStart(response),
    callers: new Map(calls.map((item) => [toToolName(item.namespace, item.name), toCaller(item)])),
    trace: false,
    now: () => 0,
  })
  const events = [
    ...teller.open(),
    ...teller.begin(),
    ...cut(toTextOf(response.output), textLengths).flatMap(teller.text),
    ...calls.flatMap((item) => teller.call(toCall(item))),
    ...teller.end(response),
  ]
  for (const event of events) if (event.sequence_number > after) yield event
}

/** As it stood when it was created. */
function toStart({ groundwire: _, ...response }: WireResponse): WireResponse {
  return {
    ...response,
    status: response.background ? 'queued' : 'in_progress',
    completed_at: null,
    error: null,
    incomplete_details: null,
    output: [],
    usage: null,
  }
}

function toTextOf(output: readonly OutputItem[]): string {
  return output
    .flatMap((item) => (item.type === 'message' ? item.content : []))
    .map(({ text }) => text)
    .join('')
}

function cut(text: string, lengths: readonly number[]): string[] {
  let at = 0
  return lengths.map((length) => {
    at += length
    return text.slice(at - length, at)
  })
}

type CallItem = Exclude<OutputItem, { type: 'message' }>

const toCaller = ({ type, name, namespace }: CallItem) => ({
  kind: type === 'custom_tool_call' ? ('custom' as const) : ('function' as const),
  name,
  ...(namespace !== undefined && { namespace }),
})

const toCall = (item: CallItem) => ({
  id: item.call_id,
  name: toToolName(item.namespace, item.name),
  argumentsText: item.type === 'function_call' ? item.arguments : JSON.stringify({ input: item.input }),
})
