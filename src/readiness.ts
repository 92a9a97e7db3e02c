import type { Chains } from './chain/chains.ts'
import type { ModelStatus, PartStatus, Readiness } from './http/show-readiness.ts'
import type { ModelListing, Models } from './models/models.ts'
import { checkBackends, toModelHealth } from './models/routing/check-backends.ts'
import { within } from './within.ts'

export type ReadinessDeps = {
  models: Pick<Models, 'list'>
  chains: Pick<Chains, 'check'>
  /** What queued runs need. A worker is of no use without. */
  store: Checked
  queue: Checked
  role: 'all' | 'gateway' | 'worker'
  /** Nothing is charged, so that an answer needs no store. */
  freeMode: boolean
  /** Undefined where none are watched for. */
  deposits?: (() => readonly PartStatus[]) | undefined
  /** Milliseconds. */
  now?: () => number
}

type Checked = { check(): Promise<{ status: 'ok' } | { status: 'down'; detail: string }> }

/** Anybody may ask, so what is asked again within this time hears the same. */
const FRESH_MS = 1_000
const CHECK_MS = 5_000

/** Asks the models' backends and the nodes whether a question would be answered now. Never rejects. */
export function createReadiness({ now = Date.now, ...deps }: ReadinessDeps): () => Promise<Readiness> {
  let known: { atMs: number; readiness: Promise<Readiness> } | undefined
  return () => {
    if (known === undefined || now() - known.atMs >= FRESH_MS) {
      known = { atMs: now(), readiness: check(deps) }
    }
    return known.readiness
  }
}

async function check({
  models,
  chains,
  store,
  queue,
  role,
  freeMode,
  deposits,
}: Omit<ReadinessDeps, 'now'>): Promise<Readiness> {
  const signal = AbortSignal.timeout(CHECK_MS)
  const own = models.list().filter(({ provider }) => provider === undefined)
  const main = findMain(own)
  const [modelStates, chainStates, storeState, queueState] = await Promise.all([
    Promise.all(own.map((listing) => checkModel(listing, signal))),
    chains.check(signal),
    within(CHECK_MS, store.check()),
    within(CHECK_MS, queue.check()),
  ])
  const runs = [
    { id: 'store', ...(storeState ?? FROZEN) },
    { id: 'queue', ...(queueState ?? FROZEN) },
  ] as const
  const isWorker = role === 'worker'
  return {
    // A question that names no chain reads ethereum, and every name is resolved there.
    ready:
      (!isWorker || runs.every(({ status }) => status === 'ok')) &&
      (freeMode || runs[0].status === 'ok') &&
      (isWorker || modelStates.some(({ id, status }) => id === main?.id && status === 'ok')) &&
      chainStates.every(({ chain, status }) => chain !== 'ethereum' || status === 'ok'),
    models: modelStates,
    runs,
    ...(deposits && { deposits: deposits() }),
    chains: chainStates.map(({ chain, status, ...rest }) => ({
      id: chain,
      status,
      ...('detail' in rest ? { detail: rest.detail } : {}),
    })),
  }
}

/** It does not even say that it is down. */
const FROZEN = { status: 'down', detail: 'it does not answer in time' } as const

/** The one without which the gateway is of no use: what callers get who name none, else the first that answers at once. */
function findMain(listings: readonly ModelListing[]): ModelListing | undefined {
  const named = listings.find(({ id }) => id === 'operator')
  return named ?? listings.find(({ isQueued }) => !isQueued) ?? listings[0]
}

async function checkModel({ id, model, backends }: ModelListing, signal: AbortSignal): Promise<ModelStatus> {
  if (backends === undefined) return { id, backend: model.backend, ...(await model.check(signal)) }
  const states = await checkBackends(backends, signal)
  return { id, backend: model.backend, ...toModelHealth(states), backends: states }
}
