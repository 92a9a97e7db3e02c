import { expect, test } from 'vitest'
import { createModels } from './create-models.ts'
import type { Model } from './model.ts'
import { ModelSetupError } from './model-setup-error.ts'

const BASE = { ollamaBaseUrl: 'http://127.0.0.1:11434', ollamaContextTokens: 16_384 }

const rehearsal: Model = {
  id: 'rehearsal',
  backend: 'rehearsal',
  contextTokens: 1_000,
  async *stream() {},
  check: async () => ({ status: 'ok' }),
}

test.each([
  ['ollama:qwen3:8b', 'ollama:qwen3:8b', 16_384],
  ['qwen3:8b', 'ollama:qwen3:8b', 16_384],
  ['openai:gpt-4o-mini', 'openai:gpt-4o-mini', undefined],
])('%s serves the operator through %s', async (operatorModel, backend, contextTokens) => {
  const models = await createModels({ ...BASE, operatorModel })
  expect(models.find('operator')?.model).toMatchObject({ id: 'operator', backend, contextTokens })
  expect(models.list().map(({ id }) => id)).toEqual(['operator'])
  expect(models.find('gpt-9')).toBeUndefined()
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

test('an operator that cannot be set up stops the start', async () => {
  await expect(createModels({ ...BASE, operatorModel: 'rehearsal' })).rejects.toThrow(ModelSetupError)
  await expect(createModels({ ...BASE, operatorModel: 'anthropic:claude' })).rejects.toThrow(
    'npm install @langchain/anthropic',
  )
})
