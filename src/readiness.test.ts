import { expect, test } from 'vitest'
import type { ChainHealth } from './chain/chains.ts'
import type { ModelHealth } from './models/model.ts'
import type { ModelListing } from './models/models.ts'
import { createReadiness } from './readiness.ts'

const UP: ChainHealth = { chain: 'ethereum', chainId: 1, status: 'ok', blockNumber: 1n }
const DOWN: ChainHealth = { chain: 'ethereum', chainId: 1, status: 'down', detail: 'Check RPC_URL_1.' }
const BASE_DOWN: ChainHealth = { chain: 'base', chainId: 8453, status: 'down', detail: 'Check RPC_URL_8453.' }

const UP_HEALTH: ModelHealth = { status: 'ok' }
const DOWN_HEALTH: ModelHealth = { status: 'down', detail: 'start it' }

function listing(id: string, health: ModelHealth): ModelListing {
  const model = { id, backend: 'ollama:qwen3:8b', contextTokens: 1, async *stream() {}, check: async () => health }
  return { id, model }
}
const queued = (id: string, health: ModelHealth): ModelListing => ({ ...listing(id, health), isQueued: true })

const DEPS = {
  chains: { check: async () => [UP] },
  store: { check: async () => UP_HEALTH },
  queue: { check: async () => UP_HEALTH },
  role: 'all' as const,
  freeMode: true,
}

test.each<[string, ModelHealth, ChainHealth[], boolean]>([
  ['with the operator and ethereum up', { status: 'ok' }, [UP], true],
  ['with another chain down', { status: 'ok' }, [UP, BASE_DOWN], true],
  ['with ethereum down', { status: 'ok' }, [DOWN], false],
  ['with the operator down', { status: 'down', detail: 'ollama serve' }, [UP], false],
  ['without ethereum among the chains', { status: 'ok' }, [], true],
])('%s a question would be answered or not', async (_what, health, chains, ready) => {
  expect((await ask(health, chains)()).ready).toBe(ready)
})

test('what is down says what to do, and nothing that is up says more than that', async () => {
  const { models, chains } = await ask({ status: 'down', detail: 'ollama serve' }, [UP, BASE_DOWN])()
  expect(models).toEqual([{ id: 'operator', backend: 'ollama:qwen3:8b', status: 'down', detail: 'ollama serve' }])
  expect(chains).toEqual([
    { id: 'ethereum', status: 'ok' },
    { id: 'base', status: 'down', detail: 'Check RPC_URL_8453.' },
  ])
})

test.each<[string, ModelListing[], boolean]>([
  [
    'the operator is up and the conductor down',
    [listing('operator', UP_HEALTH), queued('conductor', DOWN_HEALTH)],
    true,
  ],
  [
    'the conductor is up and the operator down',
    [queued('conductor', UP_HEALTH), listing('operator', DOWN_HEALTH)],
    false,
  ],
  ['the first that answers at once is up', [queued('a', DOWN_HEALTH), listing('b', UP_HEALTH)], true],
  ['the only model is down, and queued', [queued('a', DOWN_HEALTH)], false],
  ['the only model sleeps', [queued('a', { status: 'ok', detail: 'asleep' })], true],
  ["a provider's model is down", [listing('a', UP_HEALTH), { ...listing('p:m', DOWN_HEALTH), provider: 'p' }], true],
])('where %s', async (_what, listings, ready) => {
  const readiness = createReadiness({ ...DEPS, models: { list: () => listings } })
  expect((await readiness()).ready).toBe(ready)
})

test('each backend of a model is told, and nothing of the models of providers', async () => {
  const backends = [listing('a', UP_HEALTH), listing('b', DOWN_HEALTH)].map(({ id, model }) => ({
    ...model,
    backend: id,
  }))
  const listings: ModelListing[] = [
    { ...listing('operator', DOWN_HEALTH), backends },
    { ...listing('p:m', UP_HEALTH), provider: 'p' },
  ]
  const readiness = createReadiness({ ...DEPS, models: { list: () => listings } })
  expect((await readiness()).models).toEqual([
    {
      id: 'operator',
      backend: 'ollama:qwen3:8b',
      status: 'ok',
      backends: [
        { backend: 'a', status: 'ok' },
        { backend: 'b', status: 'down', detail: 'start it' },
      ],
    },
  ])
})

test.each([
  ['all', 'store', true],
  ['gateway', 'queue', true],
  ['worker', 'store', false],
  ['worker', 'queue', false],
] as const)('the role %s with the %s down is ready or not, and says so', async (role, part, ready) => {
  const down = { [part]: { check: async () => DOWN_HEALTH } }
  const models = { list: () => [listing('operator', role === 'worker' ? DOWN_HEALTH : UP_HEALTH)] }
  const readiness = await createReadiness({ ...DEPS, models, role, ...down })()
  expect(readiness.ready).toBe(ready)
  expect(readiness.runs).toContainEqual({ id: part, ...DOWN_HEALTH })
})

test('many who ask within a second cost one check', async () => {
  let now = 0
  let checks = 0
  const readiness = ask({ status: 'ok' }, [UP], { now: () => now, onCheck: () => checks++ })
  await Promise.all([readiness(), readiness(), readiness()])
  expect(checks).toBe(1)
  now = 1_000
  await readiness()
  expect(checks).toBe(2)
})

function ask(health: ModelHealth, chains: ChainHealth[], { now = Date.now, onCheck = () => {} } = {}) {
  return createReadiness({
    ...DEPS,
    models: { list: () => [listing('operator', health)] },
    chains: {
      check: async () => {
        onCheck()
        return chains
      },
    },
    now,
  })
}

test('where answers are charged, none is given without the store', async () => {
  const store = { check: async () => DOWN_HEALTH }
  const models = { list: () => [listing('operator', UP_HEALTH)] }
  expect((await createReadiness({ ...DEPS, models, store })()).ready).toBe(true)
  expect((await createReadiness({ ...DEPS, models, store, freeMode: false })()).ready).toBe(false)
})

test('what is wrong with the look for deposits is told, and stops no question', async () => {
  const deposits = () => [{ id: 'base', status: 'down' as const, detail: 'Check RPC_URL_8453.' }]
  const models = { list: () => [listing('operator', UP_HEALTH)] }
  expect(await createReadiness({ ...DEPS, models, deposits })()).toMatchObject({ ready: true, deposits: deposits() })
})
