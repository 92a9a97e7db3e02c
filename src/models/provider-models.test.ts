import { expect, test } from 'vitest'
import type { ProviderEntry } from './models-file.ts'
import { createProviderModels } from './provider-models.ts'

const KEY = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045'

const provider = (id: string, models?: readonly string[]): ProviderEntry => ({
  id,
  type: 'openai',
  server: { baseUrl: `https://${id.length}.example/v1` },
  models,
})

function create(...providers: ProviderEntry[]) {
  const made: string[] = []
  const models = createProviderModels(providers, ({ id: of }, { id, name, modelName }) => {
    made.push(`${of} → ${modelName}`)
    return { id, backend: name, contextTokens: undefined, async *stream() {}, check: async () => ({ status: 'ok' }) }
  })
  return { models, made }
}

test('a provider id may be a public key, and its model hold slashes and colons', () => {
  const { models, made } = create(provider(KEY))
  expect(models.find(`${KEY}:meta/llama-3:70b`)?.model).toMatchObject({ id: `${KEY}:meta/llama-3:70b` })
  expect(made).toEqual([`${KEY} → meta/llama-3:70b`])
})

test('the longest id that fits is the provider', () => {
  const { models, made } = create(provider('a'), provider('a:b'), provider('a:b:c', ['only']))
  models.find('a:x')
  models.find('a:b:x')
  models.find('a:b:c:only')
  expect(made).toEqual(['a → x', 'a:b → x', 'a:b:c → only'])
  expect(models.find('a:b:c:x')).toBeUndefined()
})

test('named models are listed, any others are not found; where any goes, none is listed', () => {
  const { models, made } = create(provider('house', ['m1', 'org/m2']), provider('open'))
  expect(models.list().map(({ id }) => id)).toEqual(['house:m1', 'house:org/m2'])
  expect(models.find('house:m3')).toBeUndefined()
  expect(models.find('open:anything')?.provider).toBe('open')
  expect(made).toHaveLength(3)
})

test('a model is made once', () => {
  const { models, made } = create(provider('open'))
  expect(models.find('open:m')).toBe(models.find('open:m'))
  expect(made).toEqual(['open → m'])
})

test('names that callers choose do not become names of backends, nor fill the memory', () => {
  const { models, made } = create(provider('open'))
  for (let at = 0; at < 1_000; at++) expect(models.find(`open:m${at}`)?.model.backend).toBe('open:*')
  models.find('open:m999')
  expect(made).toHaveLength(1_000)
  models.find('open:m0')
  expect(made).toHaveLength(1_001)
})

test.each([
  '',
  ':',
  'open',
  'open:',
  ':m',
  'other:m',
  'open: ',
  'open:a b',
  'open:\u0000',
  'OPEN:m',
  '__proto__:m',
  'open:é',
  `open:${'m'.repeat(257)}`,
  'm'.repeat(1e6),
])('no model is made for %.40s', (id) => {
  const { models, made } = create(provider('open'))
  expect(models.find(id)).toBeUndefined()
  expect(made).toEqual([])
})
