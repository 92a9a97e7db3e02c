import type { Message, ToolDefinition } from '../messages.ts'

/**
 * Tokens that `text` takes at most, without the model's tokenizer: digits and characters beyond ASCII count as one each
 * (open models split numbers into digits), the rest as 3.5 characters a token. For hexadecimal and prose alike this errs on the high side.
 */
export function estimateTokens(text: string): number {
  let single = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code > 0x7f || (code >= ZERO && code <= NINE)) single++
  }
  return single + Math.ceil((text.length - single) / CHARS_PER_TOKEN)
}

/** Tokens of a whole prompt, chat template included. */
export function estimatePromptTokens(messages: readonly Message[], tools: readonly ToolDefinition[]): number {
  return (
    TOKENS_PER_PROMPT +
    messages.reduce((sum, message) => sum + messageTokens(message), 0) +
    tools.reduce((sum, tool) => sum + toolTokens(tool), 0)
  )
}

/** {@link estimatePromptTokens} that counts each tool once: most of them stand in every prompt, a caller's in every step. */
export function createPromptEstimate(): typeof estimatePromptTokens {
  const tokensOf = new WeakMap<ToolDefinition, number>()
  const count = (tool: ToolDefinition) => {
    const tokens = tokensOf.get(tool) ?? toolTokens(tool)
    tokensOf.set(tool, tokens)
    return tokens
  }
  return (messages, tools) => tools.reduce((sum, tool) => sum + count(tool), estimatePromptTokens(messages, []))
}

const ZERO = 0x30
const NINE = 0x39
const CHARS_PER_TOKEN = 3.5
/** Templates open the answer and, with tools, explain how to call them. */
const TOKENS_PER_PROMPT = 8
const TOKENS_PER_MESSAGE = 6
const TOKENS_PER_CALL = 12

function messageTokens(message: Message): number {
  const calls = message.role === 'assistant' ? message.toolCalls : []
  return calls.reduce(
    (sum, call) => sum + TOKENS_PER_CALL + estimateTokens(call.name) + estimateTokens(call.argumentsText),
    TOKENS_PER_MESSAGE + estimateTokens(message.text),
  )
}

function toolTokens({ name, description, parameters }: ToolDefinition): number {
  return TOKENS_PER_CALL + estimateTokens(JSON.stringify({ name, description, parameters }))
}
