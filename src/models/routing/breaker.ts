import {
  BrokenCircuitError,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
  IterableBackoff,
} from 'cockatiel'
import { GatewayError } from '../../errors.ts'

/** Benches a backend that fails again and again. */
export type Breaker = {
  /** @throws {@link BenchedError} where the backend is not to be asked now; else what `call` throws. */
  run<Result>(call: () => Promise<Result>): Promise<Result>
  /** Of the calls that count. */
  lastError(): unknown
}

export type BreakerOptions = {
  /** Whether an error speaks against the backend. */
  counts: (error: unknown) => boolean
  onState: (state: 'opened' | 'half_open' | 'closed') => void
}

export class BenchedError extends Error {
  override readonly name = 'BenchedError'
}

const FAILURES_TO_OPEN = 5
/** From the bench to a call that tries it; the last one again and again. */
const BENCH_MS = [10_000, 20_000, 40_000, 60_000]

export function createBreaker({ counts, onState }: BreakerOptions): Breaker {
  const isProbing = () => policy.state === CircuitState.HalfOpen
  const policy: CircuitBreakerPolicy = circuitBreaker(
    // A probe that its caller broke off has shown nothing: none may have come.
    handleWhen((error) => counts(error) || (isProbing() && !(error instanceof GatewayError))),
    { halfOpenAfter: new IterableBackoff(BENCH_MS), breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
  )
  policy.onBreak(() => onState('opened'))
  policy.onHalfOpen(() => onState('half_open'))
  policy.onReset(() => onState('closed'))
  let lastError: unknown

  return {
    async run(call) {
      // The library would have us wait for what the probe finds.
      if (isProbing()) throw new BenchedError()
      try {
        return await policy.execute(call)
      } catch (error) {
        if (error instanceof BrokenCircuitError) throw new BenchedError()
        if (counts(error)) lastError = error
        throw error
      }
    },
    lastError: () => lastError,
  }
}
