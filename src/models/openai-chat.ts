import type { BaseMessageChunk } from '@langchain/core/messages'
import { ChatOpenAICompletions, convertCompletionsDeltaToBaseMessageChunk } from '@langchain/openai'

type Delta = Parameters<typeof convertCompletionsDeltaToBaseMessageChunk>[0]

/**
 * ChatOpenAI for servers that are compatible in their own way. Where no delta says that it is the assistant's, it would
 * lose the tool calls and the thoughts; content in parts it would drop, and print a warning.
 */
export class OpenAIChat extends ChatOpenAICompletions {
  protected override _convertCompletionsDeltaToBaseMessageChunk(
    delta: Delta['delta'],
    rawResponse: Delta['rawResponse'],
  ): BaseMessageChunk {
    const { content, reasoning, reasoning_content = reasoning } = delta // newer builds of vLLM say `reasoning`
    return convertCompletionsDeltaToBaseMessageChunk({
      delta: { ...delta, role: 'assistant', content: toText(content), reasoning_content },
      rawResponse,
    })
  }
}

function toText(content: unknown): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : ''
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('')
}
