import type { Response } from 'express'
import type { Logger } from 'pino'
import type { RateLimits } from '../../accounts/limits/create-rate-limits.ts'
import { RunGoesOnError } from '../../errors.ts'
import { identityOf } from '../auth.ts'
import type { RequestNote } from '../request-note.ts'
import { tellRates } from './rate-limit-headers.ts'

/**
 * Counts the tokens a run is expected to take; when the reply is over, those it took.
 * @param estimate - prompt and `max_tokens`, where there are any; not asked for where no limit is set.
 * @returns how to say that the run is that of an earlier request, and takes nothing more.
 * @throws RateLimitError 429, before the model is asked.
 */
export type TakeTokens = (res: Response, estimate: () => number) => Promise<() => void>

export type TakeTokensDeps = {
  limits: Pick<RateLimits, 'takeTokens' | 'correctTokens'>
  log: Pick<Logger, 'warn'>
}

export function createTakeTokens({ limits, log }: TakeTokensDeps): TakeTokens {
  return async (res, estimate) => {
    const taken = await tellRates(res, limits.takeTokens(identityOf(res), estimate), (it) => it?.standings ?? [])
    if (taken === undefined) return () => {}
    let isJoined = false
    const correct = () => {
      const actual = isJoined ? 0 : tokensOf(res.locals.note, taken.amount)
      limits
        .correctTokens(taken, actual)
        .catch((err: unknown) => log.warn({ err }, 'the tokens of a run count as estimated'))
    }
    if (res.closed) correct()
    else res.once('close', correct)
    return () => {
      isJoined = true
    }
  }
}

/** What a run that is broken off, or goes on without its caller, takes in the end is not known here: no less than estimated. */
function tokensOf({ usage, finish, error, runBegun }: RequestNote, estimate: number): number {
  const used = usage === undefined ? 0 : usage.promptTokens + usage.completionTokens
  const hasNotBegun = error !== undefined && !runBegun && !(error instanceof RunGoesOnError)
  return finish !== undefined || hasNotBegun ? used : Math.max(used, estimate)
}
