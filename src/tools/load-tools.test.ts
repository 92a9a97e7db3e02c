import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, expect, test } from 'vitest'
import { loadTools } from './load-tools.ts'

const TOOLKIT = pathToFileURL(join(import.meta.dirname, '../toolkit.ts')).href
const made: string[] = []

afterEach(async () => {
  await Promise.all(made.splice(0).map((directory) => rm(directory, { recursive: true })))
})

async function directoryOf(files: Record<string, string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'groundwire-tools-'))
  made.push(directory)
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(directory, name), text)))
  return directory
}

function toolFile({ name = 'echo', input = '{ word: z.string() }', output = '{ word: z.string() }', rest = '' } = {}) {
  return `import { defineTool, z } from '${TOOLKIT}'
export default defineTool({
  name: '${name}', description: 'Says a word.', input: z.object(${input}), output: z.object(${output}),
  examples: [{ ask: 'say {word}' }], execute: async ({ word }) => ({ word }), summary: ({ word }) => word, ${rest}
})`
}

async function complaintOf(directory: string): Promise<string> {
  return loadTools(directory).then(
    () => 'loaded',
    (error: unknown) => (error instanceof Error && error.name === 'ToolFilesError' ? error.message : String(error)),
  )
}

test('every file of a directory is a tool, save for tests, declarations, hidden files and those that start with _', async () => {
  const directory = await directoryOf({
    'echo.ts': toolFile(),
    'again.mjs': toolFile({ name: 'again' }),
    'echo.test.ts': 'throw new Error("a test was loaded")',
    'echo.d.ts': 'export {}',
    '_shared.ts': 'throw new Error("a helper was loaded")',
    '.hidden.js': 'throw new Error("a hidden file was loaded")',
    'README.md': '# not a tool',
  })
  const tools = await loadTools(directory)
  expect(tools.map(({ name }) => name)).toEqual(['again', 'echo'])
})

test('the tools that are shipped load', async () => {
  const tools = await loadTools(join(import.meta.dirname, '../../tools'))
  expect(tools.map(({ name }) => name)).toEqual([
    'balance',
    'block',
    'calculate',
    'gas',
    'name_of_address',
    'portfolio',
    'price',
    'resolve_name',
    'token_info',
    'transaction_count',
  ])
})

test('every problem of every file is told at once, with what to do', async () => {
  const directory = await directoryOf({
    'a-nothing.ts': 'export const tool = 1',
    'b-broken.ts': 'export default {',
    'c-empty.ts': 'export default {}',
    'd-first.ts': toolFile({ name: 'twice' }),
    'e-second.ts': toolFile({ name: 'twice' }),
  })
  const complaint = await complaintOf(directory)
  expect(complaint.split('\n')[0]).toBe('The tools need a correction:')
  expect(complaint).toContain('a-nothing.ts: needs `export default defineTool({ … })`')
  expect(complaint).toContain('b-broken.ts: does not load:')
  for (const field of ['name', 'description', 'execute', 'summary', 'output', 'input']) {
    expect(complaint).toContain(`c-empty.ts: \`${field}\` must`)
  }
  expect(complaint).toContain("e-second.ts: the name 'twice' is taken by d-first.ts; choose another")
})

test.each([
  ['an input that has no JSON form', { input: '{ word: z.bigint() }' }, '`input` has no JSON form'],
  ['an output that has no JSON form', { output: '{ word: z.bigint() }' }, '`output` has no JSON form'],
  ['a name in capitals', { name: 'Echo' }, '`name` must be lower case'],
  ['no examples', { rest: 'examples: []' }, '`examples` must hold at least one question'],
  [
    'a slot without a field',
    { rest: "examples: [{ ask: 'say {sentence}' }]" },
    "names 'sentence', which `input` does not have",
  ],
  ['an argument without a field', { rest: "examples: [{ ask: 'say', call: { wrod: 1 } }]" }, "names 'wrod'"],
  ['an empty note', { rest: "notes: ['']" }, '`notes` must be a list of sentences'],
  ['no time', { rest: 'timeoutMs: 0' }, '`timeoutMs` must be a whole number of milliseconds'],
])('%s stops the start', async (_, parts, complaint) => {
  expect(await complaintOf(await directoryOf({ 'echo.ts': toolFile(parts) }))).toContain(complaint)
})

test('a directory that is not there is said to be missing', async () => {
  expect(await complaintOf('/nowhere/tools')).toBe(
    'There is no directory of tools at /nowhere/tools: make it, or set TOOLS_DIR.',
  )
})
