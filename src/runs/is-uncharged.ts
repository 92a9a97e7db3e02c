import type { RunDone } from '../accounts/ledger.ts'

/**
 * Whether a run costs nothing: we have failed it and nothing was delivered, or it ended before a model had done anything.
 * @param end.status - of the error it ended with.
 */
export function isUncharged(
  { outcome, usage }: Pick<RunDone, 'outcome' | 'usage'>,
  { status, isDelivered }: { status?: number; isDelivered: boolean },
): boolean {
  if (outcome === 'completed') return false
  if (usage.promptTokens + usage.completionTokens === 0) return true
  const isOurFault = status !== undefined && (status >= 500 || status === 429)
  return outcome === 'failed' && isOurFault && !isDelivered
}
