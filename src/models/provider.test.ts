import { expect, test } from 'vitest'
import { askModel, GAS_PRICE, toModelRequest } from '../../test/support/ask-model.ts'
import { scriptedOllama } from '../../test/support/scripted-ollama.ts'
import { scriptedOpenAI } from '../../test/support/scripted-openai.ts'
import { ModelSetupError } from './model-setup-error.ts'
import { createProviderModel } from './provider.ts'

test("a provider's model answers and calls tools as the others do", async () => {
  await using backend = disposable(
    await scriptedOllama([
      { toolCalls: [{ name: 'gas_price', arguments: { chain: 'base' } }] },
      { text: 'It is 7.' },
      { text: 'It is', error: 'secret' },
      { text: 'It is', cut: 'reset' },
      { text: 'It is', thenHang: true },
    ]),
  )
  const model = await createProviderModel({
    id: 'operator',
    provider: 'ollama',
    packageName: '@langchain/ollama',
    modelName: 'qwen3:8b',
    classOptions: { baseUrl: backend.url },
  })
  expect(model.backend).toBe('ollama:qwen3:8b')
  expect(await askModel(model, 'gas?', { tools: [GAS_PRICE] })).toMatchObject({
    calls: ['gas_price {"chain":"base"}'],
    reason: 'tool_calls',
  })
  const params = { temperature: 0.5, seed: 7, frequencyPenalty: 1, presencePenalty: -1 }
  expect(await askModel(model, 'gas?', { params, format: { schema: { type: 'object' } } })).toMatchObject({
    text: 'It is 7.',
    reason: 'stop',
  })
  expect(backend.requests[1]?.body.options).toMatchObject({
    temperature: 0.5,
    seed: 7,
    frequency_penalty: 1,
    presence_penalty: -1,
  })
  await expect(askModel(model, 'gas?')).rejects.toMatchObject({
    status: 502,
    message: expect.not.stringContaining('secret'),
  })
  await expect(askModel(model, 'gas?')).rejects.toMatchObject({ status: 502, retryAfterSec: undefined })
  for await (const event of model.stream(toModelRequest('gas?'))) if (event.type === 'text') break
  expect(await model.check(new AbortController().signal)).toEqual({ status: 'ok' })
})

test('a provider is told which tool is to be called', async () => {
  await using backend = disposable(await scriptedOpenAI([{ text: 'ok' }, { text: 'ok' }, { text: 'ok' }]))
  const model = await createProviderModel({
    id: 'operator',
    provider: 'openai',
    packageName: '@langchain/openai',
    modelName: 'gpt-test',
    classOptions: { apiKey: 'sk-test', configuration: { baseURL: `${backend.url}/v1` } },
  })
  for (const toolChoice of ['auto', 'required', { name: 'gas_price' }] as const) {
    await askModel(model, 'gas?', { tools: [GAS_PRICE], toolChoice })
  }
  expect(backend.requests.map(({ body }) => body.tool_choice)).toEqual([
    undefined,
    'required',
    { type: 'function', function: { name: 'gas_price' } },
  ])
})

test('a provider whose package is missing says which to install', async () => {
  const model = createProviderModel({
    id: 'operator',
    provider: 'anthropic',
    packageName: '@langchain/anthropic',
    modelName: 'claude-sonnet',
  })
  await expect(model).rejects.toThrow(ModelSetupError)
  await expect(model).rejects.toThrow('npm install @langchain/anthropic')
})

const disposable = <T extends { close(): Promise<void> }>(it: T) =>
  Object.assign(it, { [Symbol.asyncDispose]: () => it.close() })
