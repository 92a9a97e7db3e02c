import type { ClientTool, Message, ToolCall } from '../messages.ts'
import { toFailedResult } from '../tools/failed-result.ts'
import type { ToolResult } from '../tools/tool.ts'
import { type CallToolsInput, callTools } from './call-tools.ts'
import { checkClientCall, isObjectText } from './check-client-call.ts'
import type { AgentEvent } from './events.ts'
import type { Reply } from './stream-reply.ts'

export type AnswerCallsInput = Omit<CallToolsInput, 'calls'> & {
  reply: Pick<Reply, 'text' | 'toolCalls' | 'reason'>
  clientTools: readonly ClientTool[]
  parallelToolCalls: boolean
}

export type AnsweredCalls = {
  /** The assistant message with its calls, then the results there are, in call order. */
  messages: readonly Message[]
  /** Of the calls that were answered here. */
  results: readonly ToolResult[]
  /** The caller's to answer: none where one of them was faulty, so that the model can make them all again. */
  handedOver: readonly ToolCall[]
}

/** Parts the calls of one step: those of the gateway's tools are run, those of the caller's handed over, and faulty ones answered. */
export async function* answerCalls(input: AnswerCallsInput): AsyncGenerator<AgentEvent, AnsweredCalls> {
  const { reply, clientTools, parallelToolCalls } = input
  const toolOf = new Map(clientTools.map((tool) => [tool.name, tool]))
  const firstClientCall = reply.toolCalls.find(({ name }) => toolOf.has(name))
  const kept = reply.toolCalls.filter((call) => parallelToolCalls || !toolOf.has(call.name) || call === firstClientCall)

  const cutCall = reply.reason === 'length' ? reply.toolCalls.at(-1) : undefined
  const checked = kept.map((call) => {
    if (call === cutCall && !isObjectText(call.argumentsText)) return { call, client: CUT }
    const tool = toolOf.get(call.name)
    return { call, client: tool && checkClientCall(call, tool) }
  })
  const isFaulty = checked.some(({ client }) => client !== undefined && 'fault' in client)
  const handedOver = isFaulty
    ? []
    : checked.flatMap(({ client }) => (client !== undefined && 'call' in client ? [client.call] : []))

  const own = checked.flatMap(({ call, client }) => (client === undefined ? [call] : []))
  const ownResults = (own.length === 0 ? [] : yield* callTools({ ...input, calls: own })).values()
  const resultOf = ({ client }: (typeof checked)[number]): ToolResult | undefined => {
    if (client === undefined) return ownResults.next().value
    if ('fault' in client) return toFailedResult(client.fault, { invalidArguments: true })
    return isFaulty ? NOT_HANDED_OVER : undefined
  }
  const answered = checked.flatMap((each) => {
    const result = resultOf(each)
    return result === undefined ? [] : [{ call: each.call, result }]
  })

  const toolCalls = checked.map(({ call, client }) => (client !== undefined && 'call' in client ? client.call : call))
  return {
    messages: [
      { role: 'assistant', text: reply.text, toolCalls },
      ...answered.map(({ call, result }) => toToolMessage(call, result)),
    ],
    results: answered.map(({ result }) => result),
    handedOver,
  }
}

const CUT = { fault: 'The call was cut off, as it is too long. Make it again, and shorter.' }

const NOT_HANDED_OVER = toFailedResult(
  'Not run, because another call of this turn has arguments that do not fit. Make all of them again.',
  { invalidArguments: true },
)

function toToolMessage({ id, name }: ToolCall, { text }: ToolResult): Message {
  return { role: 'tool', callId: id, toolName: name, text }
}
