import { BackendFailure } from './backend-failure.ts'
import { type BackendFetchOptions, createBackendFetch } from './backend-fetch.ts'

export type OpenAIFetchOptions = BackendFetchOptions & {
  /** Hears that the server has said by `[DONE]` that its answer is whole. */
  onDone(): void
}

/**
 * The `fetch` of one chat request. Compatible servers may not know `response_format`, `tool_choice` or `strict`, or not the
 * schema within; what one of them refuses for bad is asked once more without, as who needs JSON or a call checks it anyway.
 */
export function createOpenAIFetch({ onDone, ...options }: OpenAIFetchOptions): typeof fetch {
  const ask = createBackendFetch({ ...options, readBody: (body) => readAnswer(body, onDone) })
  return async (input, init) => {
    try {
      return await ask(input, init)
    } catch (error) {
      const body = isBadRequest(error) ? withoutWishes(init?.body) : undefined
      if (body === undefined) throw error
      return ask(input, { ...init, body })
    }
  }
}

const isBadRequest = (error: unknown) =>
  error instanceof BackendFailure && (error.status === 400 || error.status === 422)

/** Undefined where there are none. */
function withoutWishes(body: unknown): string | undefined {
  if (typeof body !== 'string') return undefined
  const { response_format, tool_choice, ...rest } = JSON.parse(body) as ChatBody
  const isStrict = rest.tools?.some((tool) => tool.function.strict) ?? false
  if (response_format === undefined && tool_choice === undefined && !isStrict) return undefined
  const tools = rest.tools?.map((tool) => ({ ...tool, function: { ...tool.function, strict: undefined } }))
  return JSON.stringify({ ...rest, tools })
}

type ChatBody = {
  response_format?: unknown
  tool_choice?: unknown
  tools?: readonly { function: { strict?: boolean } }[]
}

/** @throws {@link BackendFailure} where an answer in one piece is an error: the client library would take it for an empty one. */
async function* readAnswer(body: AsyncIterable<Uint8Array>, onDone: () => void): AsyncGenerator<Uint8Array> {
  const json: Uint8Array[] = []
  let first: string | undefined
  let end = ''
  for await (const bytes of body) {
    first ??= /\S/.exec(Buffer.from(bytes).toString('latin1'))?.[0]
    if (first === '{') {
      json.push(bytes)
      yield bytes
      continue
    }
    end = (end + Buffer.from(bytes.subarray(-DONE_BYTES)).toString('latin1')).slice(-DONE_BYTES)
    if (DONE.test(end)) onDone()
    yield bytes
  }
  if (json.length > 0) throwIfError(Buffer.concat(json))
}

function throwIfError(answer: Buffer): void {
  // Most are none, and reading one twice costs as much as the answer is long.
  if (answer.includes('"choices"')) return
  const read = parseError(answer.toString())
  const error = read.object === 'error' ? read : read.error // vLLM's of old is flat
  if (error === undefined || error === null) return
  const code = typeof error === 'object' && 'code' in error ? error.code : undefined
  const status = typeof code === 'number' && code >= 400 && code <= 599 ? code : 200
  throw new BackendFailure('refused', { status, upstreamText: JSON.stringify(error) })
}

function parseError(text: string): { object?: unknown; error?: unknown } {
  try {
    return JSON.parse(text) as { object?: unknown; error?: unknown }
  } catch {
    return {} // The client library says so too.
  }
}

/** At the start of a line: no JSON that is sent holds a line end. */
const DONE = /[\r\n]data: ?\[DONE\]/
const DONE_BYTES = 32
