import { BackendError, type BackendErrorKind, ContextLengthError } from '../../errors.ts'

/** Whether the same request may well be answered a while later. */
export function isCuredByWaiting(error: unknown): boolean {
  return error instanceof BackendError && (error.kind === 'down' || error.kind === 'busy' || error.kind === 'warming')
}

/** The one of several backends' errors that helps a caller most: what waiting cures ranks above what it does not. */
export function mostTelling(errors: readonly unknown[]): unknown {
  return errors.toSorted((a, b) => rankOf(b) - rankOf(a))[0]
}

function rankOf(error: unknown): number {
  if (error instanceof ContextLengthError) return RANKS.length // a shorter history is taken
  return error instanceof BackendError ? RANKS.indexOf(error.kind) : -1
}

const RANKS: readonly BackendErrorKind[] = ['failed', 'down', 'timeout', 'busy', 'warming']
