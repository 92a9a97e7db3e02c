import type { Chains } from './chain/chains.ts'
import type { Readiness } from './http/show-readiness.ts'
import type { Models } from './models/models.ts'

export type ReadinessDeps = {
  models: Pick<Models, 'list'>
  chains: Pick<Chains, 'check'>
  /** Milliseconds. */
  now?: () => number
}

/** Anybody may ask, so what is asked again within this time hears the same. */
const FRESH_MS = 1_000
const CHECK_MS = 5_000

/** Asks the models' backends and the nodes whether a question would be answered now. Never rejects. */
export function createReadiness({ models, chains, now = Date.now }: ReadinessDeps): () => Promise<Readiness> {
  let known: { atMs: number; readiness: Promise<Readiness> } | undefined
  return () => {
    if (known === undefined || now() - known.atMs >= FRESH_MS) {
      known = { atMs: now(), readiness: check(models, chains) }
    }
    return known.readiness
  }
}

async function check(models: ReadinessDeps['models'], chains: ReadinessDeps['chains']): Promise<Readiness> {
  const signal = AbortSignal.timeout(CHECK_MS)
  const [modelStates, chainStates] = await Promise.all([
    Promise.all(
      models.list().map(async ({ id, model }) => ({ id, backend: model.backend, ...(await model.check(signal)) })),
    ),
    chains.check(signal),
  ])
  return {
    // A question that names no chain reads ethereum, and every name is resolved there.
    ready:
      modelStates.some(({ id, status }) => id === 'operator' && status === 'ok') &&
      chainStates.every(({ chain, status }) => chain !== 'ethereum' || status === 'ok'),
    models: modelStates,
    chains: chainStates.map(({ chain, status, ...rest }) => ({
      id: chain,
      status,
      ...('detail' in rest ? { detail: rest.detail } : {}),
    })),
  }
}
