/** Words every layer shares. They are ours: the wires of OpenAI and of the backends are translated to them at the edges. */

export type Message = SystemMessage | UserMessage | AssistantMessage | ToolMessage
export type SystemMessage = { role: 'system'; text: string }
export type UserMessage = { role: 'user'; text: string }
export type AssistantMessage = { role: 'assistant'; text: string; toolCalls: readonly ToolCall[] }
/** Answers the call `callId` of the assistant message before it. */
export type ToolMessage = { role: 'tool'; callId: string; toolName: string; text: string }

export type ToolCall = {
  /** Unique within the run. Ours are `call_` and letters or digits, at most 40 characters; a caller's history may hold others. */
  id: string
  name: string
  /** JSON as the model wrote it: may be broken, so it is parsed where it is used. */
  argumentsText: string
}

/** What a model is told of a tool. `parameters` is the JSON Schema of its input. */
export type ToolDefinition = {
  name: string
  description: string
  parameters: JsonSchema
  /** Not sent to backends: questions this tool answers, for the rehearsal model and for evaluation. */
  examples?: readonly ToolExample[]
}

/**
 * `ask` is a question with slots named after input fields (`what is the balance of {address} on {chain}?`);
 * `call` gives the fields that the question does not hold.
 */
export type ToolExample = { ask: string; call?: Readonly<Record<string, unknown>> }

/** A function the caller declares and runs itself. */
export type ClientTool = ToolDefinition & {
  /** Calls are handed over only where their arguments fit `parameters`. */
  strict: boolean
}

/** What the caller wants of its own tools; a name asks for a call of that one. */
export type ToolChoice = 'auto' | 'none' | 'required' | { name: string }

/** The answer is to be JSON: any object where there is no `schema`. */
export type JsonFormat = { name?: string; description?: string; schema?: JsonSchema }

export type JsonSchema = { readonly [key: string]: unknown }

/** Tokens. `promptTokens` includes `cachedTokens`; `completionTokens` includes `reasoningTokens`. */
export type Usage = {
  promptTokens: number
  completionTokens: number
  cachedTokens?: number
  reasoningTokens?: number
}

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter'

export const NO_USAGE: Usage = { promptTokens: 0, completionTokens: 0 }

export function addUsage(a: Usage, b: Usage): Usage {
  return {
    promptTokens: a.promptTokens + b.promptTokens,
    completionTokens: a.completionTokens + b.completionTokens,
    cachedTokens: (a.cachedTokens ?? 0) + (b.cachedTokens ?? 0),
    reasoningTokens: (a.reasoningTokens ?? 0) + (b.reasoningTokens ?? 0),
  }
}
