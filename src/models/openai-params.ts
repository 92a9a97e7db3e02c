import type { ClientTool, JsonFormat, ToolDefinition } from '../messages.ts'
import type { ChatTool } from './langchain-adapter.ts'
import type { ModelParams, ModelRequest } from './model.ts'
import { isStrictSchema } from './strict-schema.ts'

/** As LangChain's classes for OpenAI's API name them. What the caller left open stays the backend's: reasoning models refuse a temperature. */
export function toChatOptions({ temperature, topP, maxTokens, frequencyPenalty, presencePenalty }: ModelParams) {
  return {
    ...(temperature === undefined ? {} : { temperature }),
    // vLLM takes no 0, which means the same as almost nothing.
    ...(topP === undefined ? {} : { topP: Math.max(topP, 1e-6) }),
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
    ...(presencePenalty === undefined ? {} : { presencePenalty }),
  }
}

export function toToolOptions(
  tools: readonly ChatTool[],
  { tools: definitions, toolChoice = 'auto' }: Pick<ModelRequest, 'tools' | 'toolChoice'>,
) {
  const offered = tools.map(({ type, function: tool }, at) => {
    const isStrict = wantsStrict(definitions[at]) && isStrictSchema(tool.parameters)
    return { type, function: isStrict ? { ...tool, strict: true } : tool }
  })
  if (toolChoice === 'auto') return { tools: offered }
  const choice = toolChoice === 'required' ? toolChoice : { type: 'function' as const, function: toolChoice }
  return { tools: offered, tool_choice: choice }
}

const wantsStrict = (tool: ToolDefinition | ClientTool | undefined) =>
  tool !== undefined && 'strict' in tool && tool.strict

export function toResponseFormat({ name = 'answer', description, schema }: JsonFormat) {
  if (schema === undefined) return { type: 'json_object' }
  const about = description === undefined ? {} : { description }
  return { type: 'json_schema', json_schema: { name, ...about, schema, strict: isStrictSchema(schema) } }
}

/** Their templates end the prompt with `<think>`; a server with a reasoning parser says so by sending thoughts apart. */
export const opensThoughts = (modelName: string): boolean => /deepseek-r1|qwq|-thinking/i.test(modelName)
