import type { BaseLanguageModelInput } from '@langchain/core/language_models/base'
import {
  BaseChatModel,
  type BaseChatModelCallOptions,
  type BaseChatModelParams,
  type BindToolsInput,
} from '@langchain/core/language_models/chat_models'
import { AIMessage, type AIMessageChunk, type BaseMessage } from '@langchain/core/messages'
import type { InvalidToolCall, ToolCall } from '@langchain/core/messages/tool'
import type { ChatResult } from '@langchain/core/outputs'
import type { Runnable } from '@langchain/core/runnables'
import { convertToOpenAITool } from '@langchain/core/utils/function_calling'
import { convertMessagesToCompletionsMessageParams } from '@langchain/openai'
import { BackendFailure } from '../backend-failure.ts'
import { isJsonObject } from '../exact-json.ts'
import type { AssembledCall } from '../tool-call-fragments.ts'
import { connectRunpod, type RunpodConnection, type RunpodConnectionOptions } from './connect-runpod.ts'
import { type JobAnswer, type JobUsage, readJobOutput } from './read-output.ts'
import type { JobHandle } from './run-job.ts'

/** Calls to one endpoint had better share a `connection`: it knows whether the endpoint sleeps. */
export type ChatRunpodFields = BaseChatModelParams &
  ChatRunpodParams &
  (RunpodConnectionOptions | { connection: RunpodConnection }) & {
    /** As vLLM serves it: its Hugging Face name, or `OPENAI_SERVED_MODEL_NAME_OVERRIDE`. */
    model: string
    /** What else is to stand in the request. */
    modelKwargs?: Readonly<Record<string, unknown>>
    /** How long a job may wait for a worker. Default: as long as for all of it. */
    queueTimeoutMs?: number
  }

/** What is left open is the model's own default. */
export type ChatRunpodParams = {
  temperature?: number
  topP?: number
  maxTokens?: number
  seed?: number
  frequencyPenalty?: number
  presencePenalty?: number
}

export type ChatRunpodCallOptions = BaseChatModelCallOptions & {
  tools?: BindToolsInput[]
  /** For a job that outlives the process. */
  job?: JobHandle
}

/**
 * LangChain's chat model over RunPod's job API, where vLLM's worker serves the endpoint. An answer comes whole. Aborting a
 * call, or its time running out, cancels the job.
 */
export class ChatRunpod extends BaseChatModel<ChatRunpodCallOptions> {
  readonly model: string
  private readonly fields: ChatRunpodFields
  private readonly connection: RunpodConnection

  static override lc_name(): string {
    return 'ChatRunpod'
  }

  constructor(fields: ChatRunpodFields) {
    super(fields)
    this.model = fields.model
    this.fields = fields
    this.connection = 'connection' in fields ? fields.connection : connectRunpod(fields)
  }

  override get lc_secrets(): Record<string, string> {
    return { apiKey: 'RUNPOD_API_KEY' }
  }

  override _llmType(): string {
    return 'runpod'
  }

  override bindTools(
    tools: BindToolsInput[],
    options: Partial<ChatRunpodCallOptions> = {},
  ): Runnable<BaseLanguageModelInput, AIMessageChunk, ChatRunpodCallOptions> {
    return this.withConfig({ ...options, tools })
  }

  /** @throws {@link BackendFailure} and {@link NotServedError}; the signal's reason when it was aborted. */
  override async _generate(messages: BaseMessage[], options: this['ParsedCallOptions']): Promise<ChatResult> {
    const { timeoutMs, runJob } = this.connection
    const body = toBody(toRequest(messages, this.fields, options), timeoutMs)
    // RunPod refuses more, and a prompt that long fits no model.
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) throw new BackendFailure('refused', { status: 413 })
    const { signal = new AbortController().signal, job } = options
    const { queueTimeoutMs: queueMs = timeoutMs } = this.fields
    const answer = readJobOutput(await runJob({ body, queueMs, signal, job }))
    const message = toMessage(answer)
    return { generations: [{ text: answer.text, message, generationInfo: { finish_reason: answer.finish } }] }
  }
}

const MAX_BODY_BYTES = 10_000_000

/** For a worker of vLLM; what it does with the times is RunPod's: a job that nobody asks for any more ends by itself. */
function toBody(request: object, timeoutMs: number): string {
  return JSON.stringify({
    input: { openai_route: '/v1/chat/completions', openai_input: request },
    policy: {
      executionTimeout: Math.max(timeoutMs, LEAST_EXECUTION_MS),
      ttl: Math.min(Math.max(timeoutMs, LEAST_EXECUTION_MS) + GRACE_MS, MOST_TTL_MS),
    },
  })
}

const LEAST_EXECUTION_MS = 5_000
const MOST_TTL_MS = 7 * 24 * 3_600_000
/** The job is still there when we look for the last time. */
const GRACE_MS = 60_000

function toRequest(messages: BaseMessage[], fields: ChatRunpodFields, options: ChatRunpodCallOptions): object {
  const { model, temperature, topP, maxTokens, seed, frequencyPenalty, presencePenalty, modelKwargs } = fields
  const { tools = [], tool_choice, stop } = options
  return {
    model,
    messages: convertMessagesToCompletionsMessageParams({ messages }),
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    frequency_penalty: frequencyPenalty,
    presence_penalty: presencePenalty,
    stop,
    ...(tools.length > 0 && {
      tools: tools.map((tool) => convertToOpenAITool(tool)),
      tool_choice: toToolChoice(tool_choice),
    }),
    ...modelKwargs,
    stream: false,
  }
}

function toToolChoice(choice: ChatRunpodCallOptions['tool_choice']): unknown {
  if (typeof choice !== 'string' || ['auto', 'none', 'required'].includes(choice)) return choice
  return choice === 'any' ? 'required' : { type: 'function', function: { name: choice } }
}

function toMessage({ text, reasoning, toolCalls, finish, usage }: JobAnswer): AIMessage {
  const message = new AIMessage({
    content: text,
    tool_calls: toolCalls.flatMap(toToolCall),
    invalid_tool_calls: toolCalls.flatMap((call) => (toToolCall(call).length === 0 ? [toInvalidCall(call)] : [])),
    response_metadata: { finish_reason: finish },
  })
  // Its type has lost the field.
  if (usage !== undefined) Object.assign(message, { usage_metadata: toUsageMetadata(usage) })
  if (reasoning !== '') message.additional_kwargs.reasoning_content = reasoning
  // As they were written: read and written again, large numbers would come out as others.
  if (toolCalls.length > 0) {
    message.additional_kwargs.tool_calls = toolCalls.map(({ id = '', name, argumentsText }) => ({
      id,
      type: 'function',
      function: { name, arguments: argumentsText },
    }))
  }
  return message
}

/** None where its arguments cannot be read. */
function toToolCall({ id = '', name, argumentsText }: AssembledCall): ToolCall[] {
  try {
    const args: unknown = JSON.parse(argumentsText)
    return isJsonObject(args) ? [{ type: 'tool_call', id, name, args }] : []
  } catch {
    return []
  }
}

function toInvalidCall({ id = '', name, argumentsText: args }: AssembledCall): InvalidToolCall {
  return { type: 'invalid_tool_call', id, name, args, error: 'Malformed arguments.' }
}

function toUsageMetadata({ promptTokens, completionTokens, cachedTokens, reasoningTokens }: JobUsage) {
  return {
    input_tokens: promptTokens,
    output_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    input_token_details: { cache_read: cachedTokens },
    output_token_details: { reasoning: reasoningTokens },
  }
}
