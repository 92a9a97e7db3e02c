import { expect, test } from 'vitest'
import { z } from 'zod'
import { createChains } from '../chain/chains.ts'
import { defineTool } from './tool.ts'
import { createToolSet } from './tool-set.ts'

const tool = (name: string) =>
  defineTool({
    name,
    description: `Says ${name}.`,
    input: z.object({ word: z.string().optional() }),
    output: z.object({ said: z.string() }),
    examples: [{ ask: `say ${name}` }],
    execute: async ({ word = name }) => ({ said: word }),
    summary: ({ said }) => said,
  })

function call(tools: ReturnType<typeof createToolSet>, name: string, argumentsText = '{}') {
  const { signal } = new AbortController()
  const chains = createChains({ chains: ['ethereum'], rpcUrls: {} })
  return tools.run({ id: 'call_1', name, argumentsText }, chains.openSession().scope, signal)
}

test('definitions are the same, byte for byte, in whatever order the tools were loaded', () => {
  const [a, b, c] = ['alpha', 'beta', 'gamma_2'].map(tool)
  if (a === undefined || b === undefined || c === undefined) throw new Error('three tools were made')
  expect(JSON.stringify(createToolSet([c, a, b]).definitions)).toBe(
    JSON.stringify(createToolSet([a, b, c]).definitions),
  )
  expect(createToolSet([c, a, b]).definitions.map(({ name }) => name)).toEqual(['alpha', 'beta', 'gamma_2'])
})

test('a definition carries what a model and the rehearsal model need', () => {
  expect(createToolSet([tool('alpha')]).definitions).toEqual([
    {
      name: 'alpha',
      description: 'Says alpha.',
      parameters: { type: 'object', properties: { word: { type: 'string' } } },
      examples: [{ ask: 'say alpha' }],
    },
  ])
})

test('a call runs the tool it names', async () => {
  const tools = createToolSet([tool('alpha'), tool('beta')])
  expect(await call(tools, 'beta', '{"word":"hello"}')).toMatchObject({ ok: true, output: { said: 'hello' } })
})

test('a tool that is not there is an answer with those that are', async () => {
  const tools = createToolSet([tool('alpha')])
  expect(await call(tools, 'constructor')).toMatchObject({
    ok: false,
    reason: "There is no tool named 'constructor'. Tools: alpha.",
  })
})

test('a name that is taken or malformed is refused', () => {
  expect(() => createToolSet([tool('alpha'), tool('alpha')])).toThrow("two tools are named 'alpha'")
  for (const name of ['Alpha', '2nd', 'a-b', '', 'a'.repeat(65)])
    expect(() => createToolSet([tool(name)])).toThrow('not a tool name')
})
