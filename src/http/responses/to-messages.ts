import { BadRequestError } from '../../errors.ts'
import type { AssistantMessage, Message, ToolCall } from '../../messages.ts'
import { toShown } from '../parse-request.ts'
import type { InputItem } from './input-items.ts'
import { toToolName } from './offered-tools.ts'

/**
 * A conversation in our own words: all system texts merged into one message in front, and every call followed by its
 * result, wherever the caller put it.
 * @throws {@link BadRequestError} where a call has no result or a result no call, in OpenAI's wording.
 */
export function toMessages(instructions: string | undefined, items: readonly InputItem[]): Message[] {
  const systemTexts = instructions === undefined ? [] : [instructions]
  const turns: (Message | Step)[] = []
  const waiting = new Map<string, Call>()
  let step: Step | undefined // calls that stand together are of one step, until a result or somebody else comes in
  const begin = (text: string) => {
    step = { text, calls: [] }
    turns.push(step)
    return step
  }
  for (const item of items) {
    switch (item.type) {
      case 'message':
        if (item.role === 'assistant') {
          begin(item.content.map(({ text }) => text).join('\n'))
        } else if (item.role === 'user') {
          turns.push({ role: 'user', text: item.content[0].text })
          step = undefined
        } else {
          systemTexts.push(item.content[0].text)
        }
        break
      case 'function_call':
      case 'custom_tool_call': {
        const call = toCall(item)
        if (waiting.has(call.id)) throw invalid(`Duplicate function call with call_id ${toShown(call.id)}.`)
        const entry: Call = { call, output: undefined }
        waiting.set(call.id, entry)
        ;(step ?? begin('')).calls.push(entry)
        break
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const entry = waiting.get(item.call_id)
        if (entry === undefined) {
          throw invalid(`No tool call found for function call output with call_id ${toShown(item.call_id)}.`)
        }
        entry.output = item.output
        waiting.delete(item.call_id)
        step = undefined
        break
      }
      default:
        item satisfies never
    }
  }
  const [unanswered] = waiting.keys()
  if (unanswered !== undefined) throw invalid(`No tool output found for function call ${toShown(unanswered)}.`)
  const system = systemTexts.filter((text) => text !== '').join('\n\n')
  const messages = turns.flatMap((turn) => ('calls' in turn ? toStepMessages(turn) : [turn]))
  return system === '' ? messages : [{ role: 'system', text: system }, ...messages]
}

/** What the model said and asked for at once. */
type Step = { text: string; calls: Call[] }
type Call = { call: ToolCall; output: string | undefined }

function toStepMessages({ text, calls }: Step): Message[] {
  const assistant: AssistantMessage = { role: 'assistant', text, toolCalls: calls.map(({ call }) => call) }
  return [
    assistant,
    ...calls.map(
      ({ call, output = '' }): Message => ({ role: 'tool', callId: call.id, toolName: call.name, text: output }),
    ),
  ]
}

function toCall(item: Extract<InputItem, { type: 'function_call' | 'custom_tool_call' }>): ToolCall {
  const argumentsText = item.type === 'function_call' ? item.arguments : JSON.stringify({ input: item.input })
  return { id: item.call_id, name: toToolName(item.namespace, item.name), argumentsText }
}

const invalid = (message: string) => new BadRequestError(message, { param: 'input' })
