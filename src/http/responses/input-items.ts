import { z } from 'zod'
import { BadRequestError } from '../../errors.ts'
import { Content, toContentText } from '../content-text.ts'
import { type ParamPath, parseRequest, toList, toParam, toShown } from '../parse-request.ts'
import type { CustomCallItem, FunctionCallItem, MessageItem } from './response-object.ts'

/** One step of a conversation as it is kept and listed. */
export type InputItem = InputMessage | MessageItem | FunctionCallItem | CustomCallItem | CallOutputItem

type InputMessage = {
  type: 'message'
  id: string
  role: 'user' | 'system' | 'developer'
  status: 'completed'
  content: readonly [{ type: 'input_text'; text: string }]
}

type CallOutputItem = {
  type: 'function_call_output' | 'custom_tool_call_output'
  id: string
  call_id: string
  output: string
  status: 'completed'
}

export type ParseItemsContext = {
  /** Response that the items are of: those without an id of their own are named after it. */
  responseId: string
  /** What a reference means; throws where nothing here does. */
  findItem(id: string): Promise<InputItem>
}

/**
 * What the caller says in this request. Reasoning of other models is left out: nothing here can read it.
 * Items are parsed one by one, so the first wrong one ends the work.
 * @throws {@link BadRequestError}
 */
export async function parseInput(
  input: string | readonly unknown[],
  { responseId, findItem }: ParseItemsContext,
): Promise<InputItem[]> {
  const suffix = responseId.replace(/^resp_/, '')
  if (typeof input === 'string') return [toInputMessage(`msg_${suffix}i0`, 'user', input)]
  const items: InputItem[] = []
  for (const [index, value] of input.entries()) {
    const path = ['input', index]
    const type = parseRequest(ItemKind, value, path).type ?? 'message'
    const newId = (prefix: string) => `${prefix}_${suffix}i${index}`
    switch (type) {
      case 'message':
        items.push(parseMessage(value, path, newId('msg')))
        break
      case 'function_call': {
        const { id, namespace, ...call } = parseRequest(FunctionCall, value, path)
        items.push({ ...call, ...(namespace && { namespace }), id: id ?? newId('fc'), status: 'completed' })
        break
      }
      case 'custom_tool_call': {
        const { id, namespace, ...call } = parseRequest(CustomCall, value, path)
        items.push({ ...call, ...(namespace && { namespace }), id: id ?? newId('ctc'), status: 'completed' })
        break
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const { id, call_id, output } = parseRequest(CallOutput, value, path)
        const text = toText(output, [...path, 'output'])
        const ownId = id ?? newId(type === 'function_call_output' ? 'fco' : 'ctco')
        items.push({ type, id: ownId, call_id, output: text, status: 'completed' })
        break
      }
      case 'item_reference':
        items.push(await findItem(parseRequest(ItemReference, value, path).id))
        break
      case 'reasoning':
        break
      default:
        throw new BadRequestError(`Invalid value: '${toShown(type)}'. Supported values are: ${toList(KINDS)}.`, {
          param: toParam([...path, 'type']),
          code: 'invalid_value',
        })
    }
  }
  return items
}

const KINDS = [
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
  'item_reference',
  'reasoning',
]

const id = z.string().min(1).max(256).nullish()
const callId = z.string().min(1).max(1_000)

const ItemKind = z.object({ type: z.string().nullish() })
export const ItemReference = z.object({ id: z.string().min(1).max(256) })
export const Message = z.object({ id, role: z.enum(['user', 'assistant', 'system', 'developer']), content: Content })
const call = {
  id,
  call_id: callId,
  name: z.string().min(1).max(128),
  namespace: z.string().max(128).nullish(),
}
export const FunctionCall = z.object({ type: z.literal('function_call'), ...call, arguments: z.string() })
export const CustomCall = z.object({ type: z.literal('custom_tool_call'), ...call, input: z.string() })
export const CallOutput = z.object({ id, call_id: callId, output: Content })

function parseMessage(value: unknown, path: ParamPath, newId: string): InputMessage | MessageItem {
  const message = parseRequest(Message, value, path)
  const text = toText(message.content, [...path, 'content'])
  const ownId = message.id ?? newId
  if (message.role !== 'assistant') return toInputMessage(ownId, message.role, text)
  return {
    type: 'message',
    id: ownId,
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [], logprobs: [] }],
  }
}

function toInputMessage(id: string, role: InputMessage['role'], text: string): InputMessage {
  return { type: 'message', id, role, status: 'completed', content: [{ type: 'input_text', text }] }
}

const TEXT_KINDS = ['input_text', 'output_text', 'text', 'summary_text', 'refusal']

const toText = (content: z.output<typeof Content>, path: ParamPath) =>
  toContentText(content, path, { read: TEXT_KINDS, told: TEXT_KINDS, only: 'text' })
