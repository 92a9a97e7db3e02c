import { expect, onTestFinished, test } from 'vitest'
import { askModel } from '../../test/support/ask-model.ts'
import { scriptedOllama } from '../../test/support/scripted-ollama.ts'
import { scriptedOpenAI } from '../../test/support/scripted-openai.ts'
import { scriptedRunpod } from '../../test/support/scripted-runpod.ts'
import { createModels, usesRehearsal } from './create-models.ts'
import type { Model } from './model.ts'
import { ModelSetupError } from './model-setup-error.ts'
import { type ModelsFile, parseModelsFile } from './models-file.ts'

const BASE = {
  ollamaBaseUrl: 'http://127.0.0.1:11434',
  ollamaContextTokens: 16_384,
  openaiApiKey: 'sk-of-the-environment',
  operatorModel: 'ollama:qwen3:8b',
}
const RUNPOD = { runpodBaseUrl: 'http://127.0.0.1:9/v2', runpodEndpointId: 'abc', runpodApiKey: 'rpa_x' }
const KEY = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

const rehearsal: Model = {
  id: 'rehearsal',
  backend: 'rehearsal',
  contextTokens: 1_000,
  async *stream() {},
  check: async () => ({ status: 'ok' }),
}

const file = (raw: unknown): ModelsFile =>
  parseModelsFile(JSON.stringify(raw), { path: 'models.json', lookUp: (name) => `value of ${name}` })

test.each([
  ['ollama:qwen3:8b', 'ollama:qwen3:8b', 16_384],
  ['qwen3:8b', 'ollama:qwen3:8b', 16_384],
  ['openai:gpt-4o-mini', 'openai:gpt-4o-mini', undefined],
  ['runpod:Qwen/Qwen3-32B', 'runpod:Qwen/Qwen3-32B', undefined],
])('%s serves the operator through %s', async (operatorModel, backend, contextTokens) => {
  const models = await createModels({ ...BASE, ...RUNPOD, operatorModel })
  expect(models.find('operator')?.model).toMatchObject({ id: 'operator', backend, contextTokens })
  expect(models.list().map(({ id }) => id)).toEqual(['operator'])
  expect(models.find('gpt-9')).toBeUndefined()
})

test('a conductor is queued, and has more time', async () => {
  const conductorModel = 'runpod:Qwen/Qwen3-32B'
  const models = await createModels({ ...BASE, ...RUNPOD, conductorModel, conductorTimeoutMs: 600_000 })
  expect(models.list()).toMatchObject([
    { id: 'operator' },
    { id: 'conductor', isQueued: true, runTimeoutMs: 600_000, model: { id: 'conductor', backend: conductorModel } },
  ])
  expect(models.find('operator')?.isQueued).toBeUndefined()
  expect(models.find('operator')?.runTimeoutMs).toBeUndefined()
})

test('the rehearsal model as the operator answers under its own name', async () => {
  const models = await createModels({ ...BASE, operatorModel: 'rehearsal', rehearsal })
  expect(models.find('operator')?.model).toBe(rehearsal)
  expect(models.find('rehearsal')?.model).toBe(rehearsal)
  expect(models.list()).toEqual([
    { id: 'operator', model: rehearsal },
    { id: 'rehearsal', model: rehearsal },
  ])
})

test('the rehearsal model as the conductor is queued there, and not under its own name', async () => {
  const choice = { ...BASE, conductorModel: 'rehearsal' }
  expect([usesRehearsal(BASE), usesRehearsal(choice)]).toEqual([false, true])
  const models = await createModels({ ...choice, rehearsal })
  expect(models.find('conductor')).toEqual({ id: 'conductor', model: rehearsal, isQueued: true })
  expect(models.find('rehearsal')).toEqual({ id: 'rehearsal', model: rehearsal })
})

test.each([
  ['a rehearsal model that is not here', { operatorModel: 'rehearsal' }, 'there is no rehearsal model here'],
  ['a package that is missing', { operatorModel: 'anthropic:claude' }, 'npm install @langchain/anthropic'],
  ['an endpoint that is not named', { conductorModel: 'runpod:x' }, 'RUNPOD_ENDPOINT_ID'],
  ['a key that is not set', { ...RUNPOD, runpodApiKey: undefined, conductorModel: 'runpod:x' }, 'RUNPOD_API_KEY'],
])('%s stops the start', async (_what, choice, complaint) => {
  const creating = createModels({ ...BASE, ...choice })
  await expect(creating).rejects.toThrow(ModelSetupError)
  await expect(creating).rejects.toThrow(complaint)
})

test('a job at RunPod has the time of a run, and is cancelled when another backend is asked instead', async () => {
  const runpod = await scriptedRunpod([{ text: 'from the job' }], { awake: 0, apiKey: 'value of RP' })
  const openai = await scriptedOpenAI(() => ({ text: 'from the fallback' }))
  onTestFinished(() => runpod.close())
  onTestFinished(() => openai.close())
  const models = await createModels({
    ...BASE,
    conductorTimeoutMs: 90_000,
    openaiBaseUrl: `${openai.url}/v1`,
    models: file({
      models: {
        conductor: {
          queued: true,
          backends: [{ use: 'p:Qwen/Qwen3-32B', timeouts: { firstTokenMs: 300 } }, { use: 'openai:gpt-test' }],
        },
      },
      providers: {
        p: { type: 'runpod', baseUrl: runpod.url, endpointId: 'ep-test', apiKeyEnv: 'RP', models: ['*'] },
      },
    }),
  })
  const model = models.find('conductor')?.model as Model
  expect((await askModel(model, 'hello', { patient: true })).text).toBe('from the fallback')
  expect(runpod.jobs.map(({ posted }) => posted.policy.executionTimeout)).toEqual([90_000])
  await expect.poll(() => runpod.jobs[0]?.state).toBe('CANCELLED')
})

test('a models file takes the place of both', async () => {
  const models = await createModels({
    ...BASE,
    conductorModel: 'runpod:x',
    conductorTimeoutMs: 600_000,
    models: file({
      models: {
        fast: {
          backends: [
            { use: 'ollama:a', contextTokens: 8_192 },
            { use: 'openai:b', contextTokens: 32_768 },
          ],
          price: { promptPerMillion: 1, completionPerMillion: 2 },
        },
        slow: { backends: [{ use: 'openai:c', capabilities: { tools: false } }], queued: true, stream: 'refuse' },
        slower: { backends: [{ use: 'openai:c' }], queued: true, limits: { runTimeoutMs: 5_000 } },
      },
    }),
  })
  expect(models.list()).toMatchObject([
    {
      id: 'fast',
      model: { backend: 'ollama:a, openai:b', contextTokens: 32_768 },
      backends: [{ backend: 'ollama:a' }, { backend: 'openai:b' }],
      price: { promptPerMillion: 1n, completionPerMillion: 2n },
    },
    { id: 'slow', isQueued: true, canStream: false, canCallTools: false, runTimeoutMs: 600_000 },
    { id: 'slower', isQueued: true, runTimeoutMs: 5_000 },
  ])
  expect(models.find('operator')).toBeUndefined()
})

test('the key of the environment goes to the server of the environment, and to no other', async () => {
  const [usual, other, provider] = await Promise.all([1, 2, 3].map(() => scriptedOpenAI(() => ({ text: 'hi' }))))
  if (usual === undefined || other === undefined || provider === undefined) throw new Error('they have not started')
  for (const server of [usual, other, provider]) onTestFinished(() => server.close())
  const models = await createModels({
    ...BASE,
    openaiBaseUrl: `${usual.url}/v1`,
    models: file({
      models: {
        usual: { backends: [{ use: 'openai:gpt-test' }] },
        own: { backends: [{ use: 'openai:gpt-test', apiKeyEnv: 'OWN' }] },
        other: { backends: [{ use: 'openai:gpt-test', baseUrl: `${other.url}/v1` }] },
        provided: { backends: [{ use: 'p:gpt-test' }] },
      },
      providers: { p: { type: 'openai', baseUrl: `${provider.url}/v1`, apiKeyEnv: 'OF_P', models: ['gpt-test'] } },
    }),
  })
  for (const { model } of models.list()) await askModel(model, 'hello')
  const keysAt = ({ requests }: typeof usual) => requests.map(({ headers }) => headers.authorization)
  expect(keysAt(usual)).toEqual(['Bearer sk-of-the-environment', 'Bearer value of OWN'])
  expect(keysAt(other)).toEqual(['Bearer none'])
  expect(keysAt(provider)).toEqual(['Bearer value of OF_P', 'Bearer value of OF_P'])
})

test('a public id goes before a provider and its model, and either answers under the id that was asked for', async () => {
  const openai = await scriptedOpenAI(() => ({ text: 'from the provider' }), { models: ['meta/llama-3:70b'] })
  const ollama = await scriptedOllama(() => ({ text: 'from the public model' }))
  onTestFinished(() => openai.close())
  onTestFinished(() => ollama.close())
  const id = `${KEY}:meta/llama-3:70b`
  const provider = { type: 'openai', baseUrl: `${openai.url}/v1`, models: ['*'] }
  const backends = [{ use: 'ollama:qwen3:8b', baseUrl: ollama.url }]
  const find = async (models: object) =>
    (await createModels({ ...BASE, models: file({ models, providers: { [KEY]: provider } }) })).find(id)?.model as Model

  const provided = await find({ operator: { backends } })
  expect(provided).toMatchObject({ id, backend: `${KEY}:*` })
  expect((await askModel(provided, 'hello')).text).toBe('from the provider')
  expect((await askModel(await find({ [id]: { backends } }), 'hello')).text).toBe('from the public model')
})

test.each([
  ['openai:x', 'MODELS_FILE', 'OPENAI_BASE_URL'],
  ['ollama:x', 'MODELS_FILE', 'OLLAMA_BASE_URL'],
])('advice on %s names the setting that says where it is', async (use, own, usual) => {
  const absent = 'http://127.0.0.1:9'
  const models = await createModels({
    ...BASE,
    ollamaBaseUrl: absent,
    openaiBaseUrl: absent,
    models: file({ models: { own: { backends: [{ use, baseUrl: absent }] }, usual: { backends: [{ use }] } } }),
  })
  for (const { id, model } of models.list()) {
    const health = await model.check(new AbortController().signal)
    expect(health).toMatchObject({ status: 'down', detail: expect.stringContaining(id === 'own' ? own : usual) })
    await expect(askModel(model, 'hello')).rejects.toThrow(`${id === 'own' ? own : usual} says where it is`)
  }
})
