import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/**
 * Writes `test/wire/official/schemas.json`: JSON Schemas of OpenAI's replies, taken from the types of its own `openai`
 * package, which OpenAI generates from its description of the API. Run it when that package is bumped:
 *
 *     node scripts/official-schemas.ts
 *
 * The generator comes through `npx`: it needs an older TypeScript, and the project has no other use for it.
 */
const GENERATOR = 'ts-json-schema-generator@2.9.0'

const ROOT = join(import.meta.dirname, '..')
const FOLDER = join(ROOT, 'test/wire/official')

/** Of these alternatives the gateway knows only some; the others would make up nine tenths of the file. */
const KEPT: Record<string, readonly string[]> = {
  ResponseStreamEvent: [
    'ResponseCreatedEvent',
    'ResponseQueuedEvent',
    'ResponseInProgressEvent',
    'ResponseOutputItemAddedEvent',
    'ResponseOutputItemDoneEvent',
    'ResponseContentPartAddedEvent',
    'ResponseContentPartDoneEvent',
    'ResponseTextDeltaEvent',
    'ResponseTextDoneEvent',
    'ResponseFunctionCallArgumentsDeltaEvent',
    'ResponseFunctionCallArgumentsDoneEvent',
    'ResponseCustomToolCallInputDeltaEvent',
    'ResponseCustomToolCallInputDoneEvent',
    'ResponseCompletedEvent',
    'ResponseFailedEvent',
    'ResponseIncompleteEvent',
    'ResponseErrorEvent',
  ],
  ResponseOutputItem: [
    'ResponseOutputMessage',
    'ResponseFunctionToolCall',
    'ResponseCustomToolCall',
    'ResponseReasoningItem',
  ],
  ResponseInputItem: ['EasyInputMessage'],
  ResponseInputContent: ['ResponseInputText'],
  Tool: ['FunctionTool', 'CustomTool', 'NamespaceTool'],
}

/** The types say `number`; these count. */
const COUNTED = /^(created|created_at|completed_at|index|sequence_number|.+_index|.+_tokens)$/

/** Required by the type of `Response` alone: its SDK computes the first, and takes the second for optional in Python. */
const NOT_REQUIRED = ['output_text', 'access_programs']

/** What replies of OpenAI hold and these types do not. */
const ALSO_SENT: Record<string, Schema> = {
  // Null until the response has ended.
  Response: {
    store: { type: 'boolean' },
    usage: { anyOf: [{ $ref: '#/definitions/ResponseUsage' }, { type: 'null' }] },
  },
  // As the package has it for items that are listed.
  ResponseCustomToolCall: { status: { enum: ['in_progress', 'completed', 'incomplete'] } },
  // Other versions of the description require it.
  ResponseFunctionCallArgumentsDoneEvent: { name: { type: 'string' } },
}

type Schema = Record<string, unknown>
type Definitions = Record<string, Schema>

const definitions = generate()
for (const [name, kept] of Object.entries(KEPT)) {
  definitions[name] = { anyOf: kept.map((target) => ({ $ref: `#/definitions/${target}` })) }
}
definitions.ResponsesModel = { type: 'string' }
for (const [name, fields] of Object.entries(ALSO_SENT)) Object.assign(definitions[name]?.properties ?? {}, fields)
const response = definitions.Response as { required: string[] }
response.required = response.required.filter((field) => !NOT_REQUIRED.includes(field))

const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules/openai/package.json'), 'utf8'))
const schemas = {
  $comment: `From openai ${version} by scripts/official-schemas.ts. Apache License 2.0, see NOTICE.`,
  openai: version,
  definitions: reachable(
    Object.fromEntries(Object.entries(definitions).map(([name, schema]) => [name, trim(schema) as Schema])),
    ['ChatCompletion', 'ChatCompletionChunk', 'ErrorObject', 'Response', 'ResponseStreamEvent'],
  ),
}
writeFileSync(join(FOLDER, 'schemas.json'), `${JSON.stringify(schemas, null, 1)}\n`)

function generate(): Definitions {
  const types = ['--path', join(FOLDER, 'types.ts'), '--type', 'Official', '--tsconfig', join(ROOT, 'tsconfig.json')]
  const args = ['--yes', `--package=${GENERATOR}`, 'ts-json-schema-generator', ...types, '--no-type-check']
  const text = execFileSync('npx', args, { cwd: ROOT, maxBuffer: 64 * 2 ** 20, encoding: 'utf8' })
  return (JSON.parse(text) as { definitions: Definitions }).definitions
}

/** Without prose, and with whole numbers where the wire has them. */
function trim(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => trim(item, name))
  if (typeof value !== 'object' || value === null) return COUNTED.test(name) && value === 'number' ? 'integer' : value
  const isProse = ([key, inner]: [string, unknown]) =>
    (key === 'description' || key === 'deprecated') && typeof inner === 'string'
  const fields = Object.entries(value).filter((field) => !isProse(field))
  return Object.fromEntries(fields.map(([key, inner]) => [key, trim(inner, key === 'type' ? name : key)]))
}

/** What `names` lead to, in the order of their names. */
function reachable(all: Definitions, names: readonly string[]): Definitions {
  const found = new Set<string>()
  const follow = (name: string): void => {
    if (found.has(name)) return
    found.add(name)
    for (const [, target = ''] of JSON.stringify(all[name]).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      follow(decodeURIComponent(target))
    }
  }
  names.forEach(follow)
  return Object.fromEntries([...found].sort().map((name) => [name, all[name] ?? {}]))
}
