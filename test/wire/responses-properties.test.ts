import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readEvents, responsesOf } from '../support/ask-responses.ts'
import { says, startHttp } from '../support/http-gateway.ts'

const RICH = {
  model: 'operator',
  instructions: 'be brief',
  input: [
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'hello' }] },
    { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
    { type: 'custom_tool_call', call_id: 'b', name: 'g', input: 'x' },
    { type: 'function_call_output', call_id: 'a', output: [{ type: 'input_text', text: 'done' }] },
    { type: 'custom_tool_call_output', call_id: 'b', output: 'done' },
    { type: 'reasoning', id: 'rs_1', summary: [] },
  ],
  tools: [
    {
      type: 'function',
      name: 'f',
      parameters: { type: 'object', properties: { x: { type: 'string' } } },
      strict: true,
    },
    { type: 'custom', name: 'g', format: { type: 'grammar', definition: 'start: "x"' } },
    { type: 'namespace', name: 'n', tools: [{ type: 'function', name: 'f' }] },
    { type: 'web_search' },
  ],
  tool_choice: { type: 'function', name: 'f' },
  text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' } }, verbosity: 'low' },
  metadata: { a: 'b' },
  reasoning: { effort: 'low' },
  temperature: 1,
  max_output_tokens: 10,
  background: false,
  store: true,
  stream: false,
  truncation: 'auto',
  groundwire: { trace: true },
}

const PATHS = pathsOf(RICH)

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : []
  return [...(path.length > 0 ? [path] : []), ...inner.flatMap(([key, child]) => pathsOf(child, [...path, key]))]
}

function changed(path: readonly string[], to: unknown): unknown {
  const body = structuredClone(RICH) as Record<string, unknown>
  const last = path.at(-1) ?? ''
  const parent = path.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, body)
  if (to === undefined) delete parent[last]
  else parent[last] = to
  return body
}

test('§2 whatever is broken in a request, it is a response or an error in the envelope, never a 500', async () => {
  const gateway = await startHttp(says('{}'))
  const { send } = responsesOf(gateway)
  const seen = new Set<number>()
  const odd = fc.oneof(
    fc.constantFrom(undefined, null, '', -1, 1e308, [], {}, [[]], '\ud800', '__proto__', ['x'.repeat(9_000)]),
    fc.jsonValue({ maxDepth: 3 }),
  )
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...PATHS), odd, fc.boolean(), async (path, to, stream) => {
      const body = changed(path, to)
      const response = await send('POST', '', path[0] === 'stream' ? body : { ...(body as object), stream })
      expect([200, 400, 404]).toContain(response.status)
      seen.add(response.status)
      const text = await response.text()
      if (response.status !== 200) expect(JSON.parse(text).error.message).not.toBe('')
      else if (text.startsWith('event:'))
        expect(readEvents(text).at(-1)?.type).toMatch(/^response\.(completed|failed)$/)
      else expect(JSON.parse(text)).toMatchObject({ object: 'response' })
    }),
    { numRuns: 200 },
  )
  expect([...seen]).toEqual(expect.arrayContaining([200, 400]))
})
