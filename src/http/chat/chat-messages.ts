import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import type { AssistantMessage, Message, ToolCall } from '../../messages.ts'
import { Content, type TextKinds, toContentText } from '../content-text.ts'
import { type ParamPath, parseRequest, toParam, toShown, unsupported } from '../parse-request.ts'

/**
 * The caller's messages in our own words: all system and developer texts merged into one message in front, as the
 * templates of open models reject any other order; the rest as it came, with every tool call answered.
 * Messages are parsed one by one, so the first wrong one ends the work.
 * @throws {@link BadRequestError}
 */
export function toMessages(raw: readonly unknown[]): Message[] {
  const systemTexts: string[] = []
  const messages: Message[] = []
  let open = noCalls
  raw.forEach((value, index) => {
    const path = ['messages', index]
    refuseFunctionRole(value, path)
    const message = parseRequest(ChatMessage, value, path)
    if (message.role !== 'tool') {
      requireAnswered(open)
      open = noCalls
    }
    switch (message.role) {
      case 'system':
      case 'developer':
        systemTexts.push(toText(message.content, [...path, 'content'], TEXT))
        break
      case 'user':
        messages.push({ role: 'user', text: toText(message.content, [...path, 'content'], TEXT) })
        break
      case 'assistant': {
        const assistant = toAssistantMessage(message, path)
        open = { path, unanswered: new Map(assistant.toolCalls.map((call) => [call.id, call])), answered: new Set() }
        messages.push(assistant)
        break
      }
      case 'tool': {
        const { name } = takeCall(open, message.tool_call_id, path)
        const text = toText(message.content, [...path, 'content'], TEXT)
        messages.push({ role: 'tool', callId: message.tool_call_id, toolName: name, text })
        break
      }
      default:
        message satisfies never
    }
  })
  requireAnswered(open)
  const system = systemTexts.filter((text) => text !== '').join('\n\n')
  // Some backends take a request without messages for an order to load the model.
  return system === '' && messages.length > 0 ? messages : [{ role: 'system', text: system }, ...messages]
}

/** The forerunner of tools. */
function refuseFunctionRole(value: unknown, path: ParamPath): void {
  if ((value as { role?: unknown } | null)?.role !== 'function') return
  const param = toParam([...path, 'role'])
  throw new BadRequestError(
    `Unsupported value: '${param}' does not support 'function' with this model. Use 'tools', and the role 'tool' for their results.`,
    { param, code: 'unsupported_value' },
  )
}

const callId = z.string().min(1).max(1_000)

export const ChatMessage = z.discriminatedUnion('role', [
  z.object({ role: z.literal('system'), content: Content }),
  z.object({ role: z.literal('developer'), content: Content }),
  z.object({ role: z.literal('user'), content: Content }),
  z.object({
    role: z.literal('assistant'),
    content: Content.nullish(),
    refusal: z.string().nullish(),
    tool_calls: z.array(z.unknown()).max(128).nullish(),
    function_call: z
      .unknown()
      .refine(
        (call) => call == null,
        unsupported(
          'unsupported_parameter',
          "Unsupported parameter: 'function_call' is not supported. Use 'tool_calls'.",
        ),
      )
      .optional(),
  }),
  z.object({ role: z.literal('tool'), content: Content, tool_call_id: callId }),
])

export const WireToolCall = z.object({
  id: callId,
  type: z.literal('function').nullish(),
  function: z.object({ name: z.string().min(1).max(128), arguments: z.string() }),
})

function toAssistantMessage(
  message: Extract<z.output<typeof ChatMessage>, { role: 'assistant' }>,
  path: ParamPath,
): AssistantMessage {
  const toolCalls = (message.tool_calls ?? []).map((call, index) => toToolCall(call, [...path, 'tool_calls', index]))
  const ids = new Set<string>()
  for (const { id } of toolCalls) {
    if (ids.has(id)) throw duplicateCall(id, [...path, 'tool_calls'])
    ids.add(id)
  }
  if (message.content == null && message.refusal == null && toolCalls.length === 0) {
    // OpenAI lets content be null only where something stands in for it.
    parseRequest(Content, message.content, [...path, 'content'])
  }
  const isEmpty = message.content == null || message.content.length === 0
  const text = isEmpty ? '' : toText(message.content ?? '', [...path, 'content'], TEXT_OR_REFUSAL)
  return { role: 'assistant', text: [text, message.refusal ?? ''].filter(Boolean).join('\n'), toolCalls }
}

function toToolCall(value: unknown, path: ParamPath): ToolCall {
  const call = parseRequest(WireToolCall, value, path)
  return { id: call.id, name: call.function.name, argumentsText: call.function.arguments }
}

/** The calls of the latest assistant message. */
type OpenCalls = { path: ParamPath; unanswered: Map<string, ToolCall>; answered: Set<string> }

const noCalls: OpenCalls = { path: [], unanswered: new Map(), answered: new Set() }

function takeCall(open: OpenCalls, id: string, path: ParamPath): ToolCall {
  const call = open.unanswered.get(id)
  if (call === undefined) {
    if (open.answered.has(id)) throw duplicateCall(id, path)
    throw new BadRequestError(
      "Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.",
      { param: toParam([...path, 'role']) },
    )
  }
  open.unanswered.delete(id)
  open.answered.add(id)
  return call
}

function requireAnswered({ path, unanswered }: OpenCalls): void {
  if (unanswered.size === 0) return
  const ids = [...unanswered.keys()].map(toShown).join(', ')
  throw new BadRequestError(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids}`,
    { param: toParam(path) },
  )
}

function duplicateCall(id: string, path: ParamPath): BadRequestError {
  const param = toParam(path)
  return new BadRequestError(`Duplicate value for 'tool_call_id' of '${toShown(id)}' in ${param}.`, {
    param,
    code: 'invalid_value',
  })
}

// Some clients leak the part names of the Responses API.
const TEXT: TextKinds = { read: ['text', 'input_text', 'output_text'], told: ['text'], only: "'text'" }
const TEXT_OR_REFUSAL: TextKinds = {
  read: [...TEXT.read, 'refusal'],
  told: ['text', 'refusal'],
  only: "'text', and 'refusal'",
}

function toText(content: z.output<typeof Content>, path: ParamPath, kinds: TextKinds): string {
  if (content.length === 0 && typeof content !== 'string') parseRequest(z.array(z.unknown()).min(1), content, path)
  return toContentText(content, path, kinds)
}
