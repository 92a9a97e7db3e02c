import { AIMessage, type BaseMessage, HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import type { Message, ToolCall } from '../messages.ts'

/** LangChain's messages, with all system text merged into one that leads: most chat templates take no other. */
export function toChatMessages(messages: readonly Message[]): BaseMessage[] {
  const system = messages.filter((message) => message.role === 'system').map(({ text }) => text)
  return [
    ...(system.length === 0 ? [] : [new SystemMessage(system.join('\n\n'))]),
    ...messages.filter((message) => message.role !== 'system').map(toChatMessage),
  ]
}

function toChatMessage(message: Exclude<Message, { role: 'system' }>): BaseMessage {
  switch (message.role) {
    case 'user':
      return new HumanMessage(message.text)
    case 'assistant':
      return new AIMessage({ content: message.text, tool_calls: message.toolCalls.map(toChatToolCall) })
    case 'tool':
      return new ToolMessage({ content: message.text, tool_call_id: message.callId, name: message.toolName })
    default:
      throw message satisfies never
  }
}

const toChatToolCall = ({ id, name, argumentsText }: ToolCall) => ({
  type: 'tool_call' as const,
  id,
  name,
  args: toArguments(argumentsText),
})

/** Templates fail on arguments that are no object; the tool message that follows tells the model what was wrong with them. */
function toArguments(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text)
    JSON.stringify(parsed) // what is nested too deeply can be read, but not written again
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? { ...parsed } : {}
  } catch {
    return {}
  }
}
