import { expect } from 'vitest'

/** What a stream of chunks amounts to. */
export type Streamed = {
  /** All content deltas, joined. */
  text: string
  calls: { id: string; name: string; arguments: string }[]
  finishes: string[]
  /** Of the usage chunk; undefined where there was none. */
  usage: Record<string, number> | undefined
  error: { message: string; code: string | null } | undefined
  isDone: boolean
  // biome-ignore lint/suspicious/noExplicitAny: specs read it like the JSON it is
  chunks: any[]
}

/**
 * Reads a whole stream as strictly as the strictest client (docs/wire.md §1.6): nothing but `data:` lines and comments, one
 * head for all chunks, the role once and first, each call begun once, one finish, and either `[DONE]` or an error at the end.
 */
export function readChunks(body: string): Streamed {
  expect(body.endsWith('\n\n'), 'the last frame is whole').toBe(true)
  const frames = body.slice(0, -2).split('\n\n')
  const datas = frames.map((frame) => {
    expect(frame).toMatch(/^(: ping\n)*data: [^\n\r\u0085\u2028\u2029]+$/)
    return frame.replace(/^(: ping\n)*data: /, '')
  })
  const isDone = datas.at(-1) === '[DONE]'
  const values = (isDone ? datas.slice(0, -1) : datas).map((data) => JSON.parse(data))
  const error = values.at(-1)?.error
  const chunks = error === undefined ? values : values.slice(0, -1)
  expect({ isDone, hasFailed: error !== undefined }).toEqual({ isDone, hasFailed: !isDone })

  const streamed: Streamed = { text: '', calls: [], finishes: [], usage: undefined, error, isDone, chunks }
  expect(new Set(chunks.map(({ id, object, created, model }) => `${id} ${object} ${created} ${model}`)).size).toBe(1)
  expect(chunks[0]).toMatchObject({ object: 'chat.completion.chunk', created: expect.any(Number) })
  expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' })
  for (const [at, chunk] of chunks.entries()) {
    expect(chunk).not.toHaveProperty('error')
    if (chunk.choices.length === 0) {
      readUsage(streamed, chunk, at)
      continue
    }
    expect(chunk.choices).toEqual([
      { index: 0, delta: expect.any(Object), finish_reason: chunk.choices[0].finish_reason },
    ])
    expect(chunk.usage ?? null).toBeNull()
    expect(streamed.finishes, 'nothing comes after the finish').toEqual([])
    const [{ delta, finish_reason }] = chunk.choices
    if (at > 0) expect(delta).not.toHaveProperty('role')
    if ('content' in delta) {
      expect(delta.content).toEqual(expect.any(String))
      expect(streamed.calls, 'no text comes after a call').toEqual([])
      streamed.text += delta.content
    }
    if ('tool_calls' in delta) readFragments(streamed, delta.tool_calls)
    if (finish_reason !== null) streamed.finishes.push(finish_reason)
  }
  if (isDone) {
    expect(streamed.finishes).toHaveLength(1)
    expect(streamed.finishes[0] === 'tool_calls').toBe(streamed.calls.length > 0)
  } else expect(streamed.finishes).toEqual([])
  return streamed
}

// biome-ignore lint/suspicious/noExplicitAny: as it came over the wire
function readUsage(streamed: Streamed, chunk: any, at: number): void {
  expect(at, 'the usage chunk comes last').toBe(streamed.chunks.length - 1)
  expect(streamed.finishes).toHaveLength(1)
  for (const field of ['prompt_tokens', 'completion_tokens', 'total_tokens']) {
    expect(Number.isInteger(chunk.usage[field]) && chunk.usage[field] >= 0).toBe(true)
  }
  streamed.usage = chunk.usage
}

// biome-ignore lint/suspicious/noExplicitAny: as it came over the wire
function readFragments({ calls }: Streamed, fragments: any[]): void {
  expect(fragments).toHaveLength(1)
  const [{ index, ...rest }] = fragments
  if (index === calls.length) {
    expect(rest).toEqual({
      id: expect.stringMatching(/^.{1,40}$/),
      type: 'function',
      function: { name: expect.stringMatching(/^[\w-]+$/), arguments: '' },
    })
    calls.push({ id: rest.id, name: rest.function.name, arguments: '' })
    return
  }
  expect(index, 'calls come one after the other').toBe(calls.length - 1)
  expect(rest).toEqual({ function: { arguments: expect.stringMatching(/./s) } })
  expect(rest.function.arguments.isWellFormed(), 'no character is cut in two').toBe(true)
  const call = calls[index]
  if (call !== undefined) call.arguments += rest.function.arguments
}
