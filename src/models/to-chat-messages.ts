import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import type { Message, ToolCall } from '../messages.ts'
import { isJsonObject, parseExactJson } from './exact-json.ts'

/**
 * LangChain's messages, with all system text merged into one that leads: most chat templates take no other.
 * @param options.exactNumbers - arguments hold numbers beyond a double as `JSON.stringify` writes them, for a class that does
 * nothing else with them.
 */
export function toChatMessages(
  messages: readonly Message[],
  { exactNumbers = false }: { exactNumbers?: boolean } = {},
): BaseMessage[] {
  const parse = exactNumbers ? parseExactJson : JSON.parse
  const system = messages.filter((message) => message.role === 'system').map(({ text }) => text)
  return [
    ...(system.length === 0 ? [] : [new SystemMessage(system.join('\n\n'))]),
    ...messages.filter((message) => message.role !== 'system').map((message) => toChatMessage(message, parse)),
  ]
}

type Parse = (text: string) => unknown

function toChatMessage(message: Exclude<Message, { role: 'system' }>, parse: Parse): BaseMessage {
  switch (message.role) {
    case 'user':
      return new HumanMessage(message.text)
    case 'assistant':
      return new AIMessage({
        content: message.text,
        tool_calls: message.toolCalls.map((call) => toChatToolCall(call, parse)),
      })
    case 'tool':
      return new ToolMessage({ content: message.text, tool_call_id: message.callId, name: message.toolName })
    default:
      throw message satisfies never
  }
}

const toChatToolCall = ({ id, name, argumentsText }: ToolCall, parse: Parse) => ({
  type: 'tool_call' as const,
  id,
  name,
  args: toArguments(argumentsText, parse),
})

/** Templates fail on arguments that are no object; the tool message that follows tells the model what was wrong with them. */
function toArguments(text: string, parse: Parse): Record<string, unknown> {
  try {
    const parsed = parse(text)
    JSON.stringify(parsed) // what is nested too deeply can be read, but not written again
    return isJsonObject(parsed) ? { ...parsed } : {}
  } catch {
    return {}
  }
}
