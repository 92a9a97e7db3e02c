import { readdirSync, readFileSync } from 'node:fs'
import type { ScriptedRequest } from '../support/scripted-backend.ts'

/** A chat request as the model behind it reads it, alike on both wires. */
export type Heard = {
  messages: readonly HeardMessage[]
  /** Names of the tools on offer, in their order. */
  tools: readonly string[]
  /** Undefined where the wire has no such field. */
  toolChoice: unknown
  /** What it is told of the form of its answer; undefined for plain text. */
  format: unknown
  /** What the tools said since the caller last spoke, by tool; a result of the gateway's own is its summary. */
  results: Readonly<Record<string, readonly string[]>>
}

export type HeardMessage = {
  role: 'system' | 'user' | 'assistant' | 'tool'
  text: string
  calls: readonly HeardCall[]
  /** Of a tool's message: the call it answers, by its id where the wire has one and by its place otherwise. */
  answers?: HeardCall | undefined
}

export type HeardCall = { id: string | undefined; name: string; arguments: unknown }

export function toHeard({ body }: ScriptedRequest): Heard {
  const messages = toMessages(body.messages)
  return {
    messages,
    tools: (body.tools ?? []).map((tool: { function: { name: string } }) => tool.function.name),
    toolChoice: body.tool_choice,
    format: body.format ?? body.response_format,
    results: toResults(messages),
  }
}

/** What a chat template would stumble over; empty where every call has its one answer, in its place. */
export function findFaults({ messages }: Heard): string[] {
  const faults: string[] = []
  let open: HeardCall[] = []
  messages.forEach((message, index) => {
    if (message.role === 'system' && index > 0) faults.push(`messages[${index}]: a system message that is not first`)
    if (message.role === 'tool') {
      const next = open.shift()
      if (next === undefined) faults.push(`messages[${index}]: a result without a call`)
      else if (message.answers !== next) faults.push(`messages[${index}]: ${next.name} was to be answered here`)
      return
    }
    for (const call of open) faults.push(`messages[${index}]: comes before ${call.name} was answered`)
    open = [...message.calls]
  })
  for (const call of open) faults.push(`${call.name} was never answered`)
  return faults
}

/** One line a message: `assistant → weather({"city":"Bern"})`, `weather: sunny`. Results of the gateway's own are summaries. */
export function toTranscript({ messages }: Heard): string[] {
  return messages
    .filter(({ role }) => role !== 'system')
    .map(({ role, text, calls, answers }) => {
      if (role === 'tool') return `${answers?.name}: ${toSummary(text)}`
      const called = calls.map(({ name, arguments: args }) => ` → ${name}(${JSON.stringify(args)})`).join('')
      return `${role}${text === '' ? '' : `: ${text}`}${called}`
    })
}

type WireMessage = {
  role: HeardMessage['role']
  content?: string | null
  tool_calls?: { id?: string; function: { name: string; arguments: unknown } }[]
  tool_call_id?: string
}

function toMessages(wire: readonly WireMessage[]): HeardMessage[] {
  let open: HeardCall[] = []
  return wire.map(({ role, content, tool_calls = [], tool_call_id }) => {
    const text = content ?? ''
    if (role === 'tool') {
      const answers = open.find(({ id }) => id !== undefined && id === tool_call_id) ?? open.find(({ id }) => !id)
      open = open.filter((call) => call !== answers)
      return { role, text, calls: [], answers }
    }
    const calls = tool_calls.map(({ id, function: { name, arguments: args } }) => ({
      id,
      name,
      arguments: typeof args === 'string' ? JSON.parse(args) : args,
    }))
    open = calls
    return { role, text, calls }
  })
}

function toResults(messages: readonly HeardMessage[]): Record<string, string[]> {
  const results: Record<string, string[]> = {}
  const question = messages.findLastIndex(({ role, text }) => role === 'user' && !isPrompt(text))
  for (const { answers, text } of messages.slice(question + 1)) {
    if (answers !== undefined) results[answers.name] = [...(results[answers.name] ?? []), toSummary(text)]
  }
  return results
}

/** Whether the gateway itself said it, as the user: how each of its prompts begins. */
const isPrompt = (text: string) => PROMPTS.some((prompt) => text.startsWith(prompt))
const PROMPTS_DIR = new URL('../../prompts/', import.meta.url)
const PROMPTS = readdirSync(PROMPTS_DIR).map((file) => {
  const [beginning = ''] = readFileSync(new URL(file, PROMPTS_DIR), 'utf8').trim().split('{')
  return beginning
})

function toSummary(text: string): string {
  try {
    const { summary } = JSON.parse(text)
    return typeof summary === 'string' ? summary : text
  } catch {
    return text
  }
}
