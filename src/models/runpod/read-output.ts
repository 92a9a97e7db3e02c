import { z } from 'zod'
import { BackendFailure } from '../backend-failure.ts'
import { type AssembledCall, createToolCallFragments } from '../tool-call-fragments.ts'

/** A chat completion, in whatever shape a worker has put it. */
export type JobAnswer = {
  text: string
  reasoning: string
  toolCalls: readonly AssembledCall[]
  finish: string
  usage: JobUsage | undefined
}

export type JobUsage = { promptTokens: number; completionTokens: number; cachedTokens: number; reasoningTokens: number }

/**
 * Reads the output of a completed job. Workers give OpenAI's object bare or in a list, a streamed answer as a list of its
 * pieces (objects, or the text of the events), and very old ones lists of tokens.
 * @throws {@link BackendFailure} for an error that passes for an output, and for anything else.
 */
export function readJobOutput(output: unknown): JobAnswer {
  const { items, isDone } = toItems(output)
  const fragments = createToolCallFragments()
  let text = ''
  let reasoning = ''
  let refusal = ''
  let finish: string | undefined
  let usage: JobUsage | undefined
  let isWhole = isDone
  let hasChoice = false

  for (const item of items) {
    throwIfError(item)
    const piece = Piece.safeParse(item)
    if (!piece.success) throw new BackendFailure('broken', { cause: piece.error })
    usage = toUsage(piece.data.usage) ?? usage
    const [choice] = piece.data.choices
    if (choice === undefined) continue
    const { message, delta, tokens, finish_reason } = choice
    const said = message ?? delta
    if (said === undefined && tokens === undefined) throw new BackendFailure('broken')
    hasChoice = true
    isWhole ||= delta === undefined
    text += toText(said?.content) + (tokens?.join('') ?? '')
    refusal += said?.refusal ?? ''
    reasoning += said?.reasoning_content ?? said?.reasoning ?? ''
    for (const [at, { index, id, function: called }] of (said?.tool_calls ?? []).entries()) {
      const args = called?.arguments
      fragments.add({
        index: index ?? at,
        id: id ?? undefined,
        name: called?.name ?? undefined,
        args: typeof args === 'string' ? args : args == null ? '' : JSON.stringify(args),
      })
    }
    finish = finish_reason || finish
  }
  // Pieces of which none is the last are half an answer.
  if (!hasChoice || (!isWhole && finish === undefined)) throw new BackendFailure('broken')
  return { text: text || refusal, reasoning, toolCalls: fragments.end(), finish: finish ?? 'stop', usage }
}

/** `isDone`: events that say they are all. */
function toItems(output: unknown): { items: readonly unknown[]; isDone: boolean } {
  const items = Array.isArray(output) ? output.flat() : [output]
  if (!items.every((item) => typeof item === 'string')) return { items, isDone: false }
  const text = items.join('')
  const events = text.split(/\r\n|\r|\n/).flatMap((line) => /^data: ?(.*)$/.exec(line)?.[1]?.trim() || [])
  const found = events.length === 0 ? [text] : events.filter((event) => event !== '[DONE]')
  return { items: found.map(parse), isDone: found.length < events.length }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new BackendFailure('broken', { cause })
  }
}

/** The worker's own error, vLLM's, or vLLM's of old, which is flat. */
function throwIfError(item: unknown): void {
  const found = Failed.safeParse(item)
  if (!found.success) return
  const { object, error, ...flat } = found.data
  const isFlat = object === 'error'
  if (!isFlat && (error === undefined || error === null)) return
  const upstreamText = JSON.stringify(isFlat ? flat : error)
  const code = Coded.safeParse(isFlat ? flat : error).data?.code
  const status = Number(code ?? /\bHTTP (\d{3})\b/.exec(upstreamText)?.[1])
  throw new BackendFailure('refused', { status: status >= 400 && status <= 599 ? status : 200, upstreamText })
}

const Failed = z.looseObject({ object: z.unknown().optional(), error: z.unknown().optional() })
const Coded = z.object({ code: z.number().nullish() })

const words = z.string().nullish()
const Said = z.object({
  content: z.unknown().optional(),
  refusal: words,
  reasoning: words,
  reasoning_content: words,
  tool_calls: z
    .array(
      z.object({
        index: z.number().nullish(),
        id: words,
        function: z.object({ name: words, arguments: z.unknown().optional() }).nullish(),
      }),
    )
    .nullish(),
})
const count = z.number().nullish()
const Counts = z.object({
  prompt_tokens: count,
  completion_tokens: count,
  prompt_tokens_details: z.object({ cached_tokens: count }).nullish(),
  completion_tokens_details: z.object({ reasoning_tokens: count }).nullish(),
  input: count,
  output: count,
})
const Piece = z.object({
  choices: z.array(
    z.object({
      message: Said.optional(),
      delta: Said.optional(),
      tokens: z.array(z.string()).optional(),
      finish_reason: words,
    }),
  ),
  usage: Counts.nullish(),
})

function toText(content: unknown): string {
  if (!Array.isArray(content)) return typeof content === 'string' ? content : ''
  return content.map((part) => (typeof part?.text === 'string' ? part.text : '')).join('')
}

function toUsage(counts: z.infer<typeof Counts> | null | undefined): JobUsage | undefined {
  if (counts === undefined || counts === null) return undefined
  const { prompt_tokens, completion_tokens, prompt_tokens_details, completion_tokens_details, input, output } = counts
  return {
    promptTokens: prompt_tokens ?? input ?? 0,
    completionTokens: completion_tokens ?? output ?? 0,
    cachedTokens: prompt_tokens_details?.cached_tokens ?? 0,
    reasoningTokens: completion_tokens_details?.reasoning_tokens ?? 0,
  }
}
