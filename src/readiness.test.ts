import { expect, test } from 'vitest'
import type { ChainHealth } from './chain/chains.ts'
import type { ModelHealth } from './models/model.ts'
import { createReadiness } from './readiness.ts'

const UP: ChainHealth = { chain: 'ethereum', chainId: 1, status: 'ok', blockNumber: 1n }
const DOWN: ChainHealth = { chain: 'ethereum', chainId: 1, status: 'down', detail: 'Check RPC_URL_1.' }
const BASE_DOWN: ChainHealth = { chain: 'base', chainId: 8453, status: 'down', detail: 'Check RPC_URL_8453.' }

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
  const model = {
    id: 'operator',
    backend: 'ollama:qwen3:8b',
    contextTokens: 1,
    stream: async function* () {},
    check: async () => health,
  }
  return createReadiness({
    models: { list: () => [{ id: 'operator', model }] },
    chains: {
      check: async () => {
        onCheck()
        return chains
      },
    },
    now,
  })
}
