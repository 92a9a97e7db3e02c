import { BackendError, type BackendErrorKind, GatewayError } from '../../errors.ts'
import type { JobMemo, ModelEvent, ModelRequest } from '../model.ts'
import type { Backend, BackendEvent, OnBackend } from './backend.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import { createSlots, type Slots } from './slots.ts'

/** A backend with what guards it. */
export type Lane = Backend & {
  name: string
  /** Undefined where it takes as many calls as come. */
  slots: Slots | undefined
  /** Undefined where there is nothing to ask in its place. */
  breaker: Breaker | undefined
  tell(event: Pick<BackendEvent, 'type'> & { kind?: BackendErrorKind | 'other' }): void
}

/** An answer that has begun: nobody else is asked any more. */
export type Opened = { first: IteratorResult<ModelEvent>; rest: AsyncIterator<ModelEvent> }

export type LaneOptions = {
  modelId: string
  /** Whether others could be asked in its place. */
  hasOthers: boolean
  isRetryable: (error: unknown) => boolean
  onBackend: OnBackend | undefined
}

export function createLane(backend: Backend, { modelId, hasOthers, isRetryable, onBackend }: LaneOptions): Lane {
  const name = backend.model.backend
  const tell: Lane['tell'] = (event) => onBackend?.({ model: modelId, backend: name, ...event } as BackendEvent)
  return {
    ...backend,
    name,
    tell,
    slots: backend.concurrency === undefined ? undefined : createSlots(backend.concurrency),
    breaker: hasOthers
      ? createBreaker({
          // One that is warming up is passed over, but not benched: it would be missed once it is warm.
          counts: (error) => isRetryable(error) && !isWarming(error),
          onState: (type) => tell({ type }),
        })
      : undefined,
  }
}

/** Asks a backend and waits for the first event of its answer. */
export async function openLane(lane: Lane, request: ModelRequest): Promise<Opened> {
  const call = async (): Promise<Opened> => {
    const rest = lane.model.stream(request)[Symbol.asyncIterator]()
    return { first: await rest.next(), rest }
  }
  const opened = await (lane.breaker === undefined ? call() : lane.breaker.run(call))
  lane.tell({ type: 'ok' })
  return opened
}

/** Tells a failure that speaks of the backend: a caller who left, or asked too much, says nothing about it. */
export function tellFailure(lane: Lane, error: unknown, signal: AbortSignal): void {
  if (signal.aborted) return
  if (error instanceof BackendError) lane.tell({ type: 'failed', kind: error.kind })
  else if (!(error instanceof GatewayError)) lane.tell({ type: 'failed', kind: 'other' })
}

/** The memo as one backend sees it: a job of another's is none of its business. */
export function toOwnJob({ known, keep, goesOn }: JobMemo, { name }: Pick<Lane, 'name'>): JobMemo {
  return {
    known: known?.backend === name ? known : undefined,
    keep: (job) => keep({ ...job, backend: name }),
    goesOn,
  }
}

const isWarming = (error: unknown) => error instanceof BackendError && error.kind === 'warming'
