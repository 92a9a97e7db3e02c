import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ModelSetupError } from './model-setup-error.ts'
import { loadModelsFile, type ModelsFile, parseModelsFile } from './models-file.ts'

const KEY = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'
const ENV: Record<string, string> = { RUNPOD_API_KEY: 'rpa_secret', OPENAI_API_KEY: 'sk-secret', HOUSE_API_KEY: 'hush' }
const EXAMPLE = resolve(import.meta.dirname, '../../models.example.json')

const parse = (raw: unknown): ModelsFile =>
  parseModelsFile(typeof raw === 'string' ? raw : JSON.stringify(raw), {
    path: 'models.json',
    lookUp: (name) => ENV[name],
  })

function complaintsOf(raw: unknown): string[] {
  try {
    parse(raw)
  } catch (error) {
    if (!(error instanceof ModelSetupError)) throw error
    return error.message.split('\n  ').slice(1)
  }
  throw new Error('the file was taken')
}

const withBackend = (...backends: unknown[]) => ({ models: { operator: { backends } } })

describe('a models.json', () => {
  test('says what serves each public id, in its order', () => {
    const { models } = parse({
      models: {
        operator: { backends: [{ use: 'ollama:qwen3:8b' }] },
        'Qwen/Qwen3-32B:fp8': {
          queued: true,
          stream: 'refuse',
          backends: [
            { use: 'runpod:Qwen/Qwen3-32B', endpointId: 'abc', apiKeyEnv: 'RUNPOD_API_KEY', weight: 2 },
            { use: 'openai:qwen', name: 'spare', baseUrl: 'http://127.0.0.1:1/v1/', timeouts: { idleMs: 5_000 } },
          ],
          retryOn: ['down', 'failed'],
          limits: { runTimeoutMs: 60_000, answerTokens: 512 },
          price: { promptPerMillion: 7, completionPerMillion: 0 },
        },
      },
    })
    expect(models.map(({ id, isQueued, canStream }) => [id, isQueued, canStream])).toEqual([
      ['operator', false, true],
      ['Qwen/Qwen3-32B:fp8', true, false],
    ])
    expect(models[0]).toMatchObject({
      retryOn: ['down', 'busy', 'warming'],
      backends: [{ name: 'ollama:qwen3:8b', spec: { type: 'ollama', modelName: 'qwen3:8b' }, canCallTools: true }],
    })
    expect(models[1]).toMatchObject({
      retryOn: ['down', 'failed'],
      runTimeoutMs: 60_000,
      answerTokens: 512,
      price: { promptPerMillion: 7n, completionPerMillion: 0n },
      backends: [
        { name: 'runpod:Qwen/Qwen3-32B', server: { endpointId: 'abc', apiKey: 'rpa_secret' }, weight: 2 },
        { name: 'spare', server: { baseUrl: 'http://127.0.0.1:1/v1' }, timeouts: { idleTimeoutMs: 5_000 } },
      ],
    })
  })

  test("has prices of models, of a provider's, and of tools", () => {
    const price = { promptPerMillion: 7, completionPerMillion: 9, cachedPerMillion: 2, perRun: 100 }
    const file = parse({
      models: { operator: { backends: [{ use: 'ollama:qwen3:8b' }], price } },
      providers: { house: { type: 'openai', baseUrl: 'http://127.0.0.1:1/v1', models: ['*'], price } },
      toolPrices: { balance: 500 },
    })
    const bigints = { promptPerMillion: 7n, completionPerMillion: 9n, cachedPerMillion: 2n, perRun: 100n }
    expect([file.models[0]?.price, file.providers[0]?.price]).toEqual([bigints, bigints])
    expect(file.toolPrices).toEqual({ balance: 500n })
  })

  test('may use the providers it names, whose server and key are said once', () => {
    const { models, providers } = parse({
      ...withBackend({ use: `${KEY}:meta/llama-3` }),
      providers: {
        [KEY]: { type: 'openai', baseUrl: 'https://a.example/v1', apiKeyEnv: 'HOUSE_API_KEY', models: ['*'] },
      },
    })
    expect(models[0]?.backends[0]).toMatchObject({
      name: `${KEY}:meta/llama-3`,
      spec: { type: 'openai', modelName: 'meta/llama-3' },
      server: { baseUrl: 'https://a.example/v1', apiKey: 'hush' },
    })
    expect(providers).toMatchObject([{ id: KEY, models: undefined }])
  })

  test('that comes as the example is taken', async () => {
    const { models, providers } = await loadModelsFile(EXAMPLE, (name) => ENV[name])
    expect(models.map(({ id }) => id)).toEqual(['operator', 'conductor'])
    expect(providers.map(({ id }) => id)).toEqual(['house', KEY])
  })

  test('that comes as the example names its variables where they are not set', async () => {
    await expect(loadModelsFile(EXAMPLE, () => undefined)).rejects.toThrow(
      'models.conductor.backends[0].apiKeyEnv: RUNPOD_API_KEY is not set',
    )
  })
})

describe('a models.json that is wrong', () => {
  test('is told all its complaints at once, each with its place', () => {
    expect(
      complaintsOf({
        models: {
          operator: {
            backends: [{ use: 'ollama:qwen3:8b', wieght: 1, concurrency: 0 }, { use: 7 }],
            stream: 'no',
            limits: { runTimeoutMs: 1.5 },
            price: { promptPerMillion: -1 },
          },
          'two words': { backends: [] },
        },
        providers: { a: { type: 'grpc', baseUrl: 'ftp://a', models: ['*', 'b'] } },
        modles: {},
      }).sort(),
    ).toEqual(
      [
        'models.operator.backends[0].wieght: is not a setting here',
        'models.operator.backends[0].concurrency: must be 1 to 100000',
        'models.operator.backends[1].use: must be a string',
        "models.operator.stream: must be 'allow' or 'refuse'",
        'models.operator.limits.runTimeoutMs: must be a whole number',
        'models.operator.price.promptPerMillion: must be 0 or more',
        'models.operator.price.completionPerMillion: is missing',
        'models.two words: its name must be 1 to 128 printable characters without spaces',
        "providers.a.type: must be 'openai', 'ollama' or 'runpod'",
        'providers.a.baseUrl: must be an http:// or https:// URL',
        "providers.a.models: must be ['*'] alone, or names",
        'modles: is not a setting here',
      ].sort(),
    )
  })

  test.each<[what: string, raw: unknown, complaint: string]>([
    ['an empty list', withBackend(), 'models.operator.backends: must hold at least one'],
    ['no models', { models: {} }, 'models: must hold at least one'],
    ['no object', [], 'the file: must be an object'],
    [
      'an unset key',
      withBackend({ use: 'openai:x', apiKeyEnv: 'NOPE' }),
      'models.operator.backends[0].apiKeyEnv: NOPE is not set',
    ],
    [
      'a setting without effect',
      withBackend({ use: 'ollama:x', endpointId: 'abc' }),
      "models.operator.backends[0].endpointId: has no effect on 'ollama:x'",
    ],
    [
      "Ollama's other API",
      withBackend({ use: 'ollama:x', baseUrl: 'http://a/v1' }),
      "models.operator.backends[0].baseUrl: must be Ollama's own address: leave out the /v1",
    ],
    [
      'two backends that traces could not tell apart',
      withBackend({ use: 'openai:x', baseUrl: 'http://a' }, { use: 'openai:x', baseUrl: 'http://b' }),
      "models.operator.backends[1].name: must tell it from the other 'openai:x'",
    ],
    [
      'the rehearsal model as a stand-in',
      withBackend({ use: 'ollama:x' }, { use: 'rehearsal' }),
      'models.operator.backends[1].use: the rehearsal model stands in for no other: it serves alone',
    ],
    [
      "the rehearsal model's name on another",
      { models: { rehearsal: { backends: [{ use: 'ollama:x' }] } } },
      'models.rehearsal: is the name of the rehearsal model alone',
    ],
    [
      'weights that let nobody answer',
      withBackend({ use: 'ollama:x', weight: 0 }),
      'models.operator.backends: all have weight 0',
    ],
    [
      'a provider of RunPod without an endpoint',
      { ...withBackend({ use: 'ollama:x' }), providers: { r: { type: 'runpod', baseUrl: 'http://a', models: ['x'] } } },
      'providers.r.endpointId: is missing',
    ],
  ])('says so of %s', (_what, raw, complaint) => {
    expect(complaintsOf(raw)).toContain(complaint)
  })

  test.each([
    ['as a key', withBackend({ use: 'openai:x', apiKey: 'sk-LEAK' })],
    ['as the name of a variable', withBackend({ use: 'openai:x', apiKeyEnv: 'sk-LEAK' })],
    ['in an address', withBackend({ use: 'openai:x', baseUrl: 'http://me:sk-LEAK@host/v1' })],
    ['where it breaks the JSON', '{"models": sk-LEAK}'],
  ])('never repeats a key that stands there %s', (_where, raw) => {
    expect(() => parse(raw)).toThrow(ModelSetupError)
    expect(() => parse(raw)).not.toThrow(/LEAK/)
  })

  test('says where it is no JSON, and which file cannot be read', async () => {
    expect(() => parse('{\n  "models": {,}\n}')).toThrow('models.json is not JSON (line 2 column 14)')
    await expect(loadModelsFile('/nowhere/models.json', () => undefined)).rejects.toThrow('/nowhere/models.json')
  })
})

test('the documentation shows the example as it is', async () => {
  const docs = await readFile(resolve(import.meta.dirname, '../../docs/models.md'), 'utf8')
  expect(docs).toContain(await readFile(EXAMPLE, 'utf8'))
})
