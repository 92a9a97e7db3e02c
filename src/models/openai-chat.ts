import { AIMessage, type BaseMessage, type BaseMessageChunk } from '@langchain/core/messages'
import { ChatOpenAICompletions, convertCompletionsDeltaToBaseMessageChunk } from '@langchain/openai'

type Delta = Parameters<typeof convertCompletionsDeltaToBaseMessageChunk>[0]

/**
 * ChatOpenAI for servers that are compatible in their own way. Where no delta says that it is the assistant's, it would
 * lose the tool calls and the thoughts; content in parts it would drop, and print a warning. A refusal is the text of
 * an answer that has no other.
 */
export class OpenAIChat extends ChatOpenAICompletions {
  protected override _convertCompletionsDeltaToBaseMessageChunk(
    delta: Delta['delta'],
    rawResponse: Delta['rawResponse'],
  ): BaseMessageChunk {
    const { content, refusal, reasoning, reasoning_content = reasoning } = delta // newer builds of vLLM say `reasoning`
    return convertCompletionsDeltaToBaseMessageChunk({
      delta: { ...delta, role: 'assistant', content: toText(content) || toText(refusal), reasoning_content },
      rawResponse,
    })
  }

  /** Calls keep their arguments as they were written: read and written again, large numbers would come out as others. */
  protected override _convertCompletionsMessageToBaseMessage(message: object): BaseMessage {
    const { content, refusal, reasoning, reasoning_content = reasoning, tool_calls } = message as WholeMessage
    return new AIMessage({
      content: toText(content) || toText(refusal),
      additional_kwargs: { reasoning_content },
      invalid_tool_calls: (tool_calls ?? []).map(({ id, function: called }) => ({
        type: 'invalid_tool_call',
        ...(id != null && { id }),
        ...(called?.name != null && { name: called.name }),
        args: typeof called?.arguments === 'string' ? called.arguments : JSON.stringify(called?.arguments ?? {}),
      })),
    })
  }
}

/** What servers send in place of a string, and leave out. */
type WholeMessage = {
  content?: unknown
  refusal?: unknown
  reasoning?: unknown
  reasoning_content?: unknown
  tool_calls?: readonly { id?: string | null; function?: { name?: string | null; arguments?: unknown } | null }[] | null
}

function toText(content: unknown): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : ''
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('')
}
