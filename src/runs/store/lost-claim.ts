import { type Claim, LostClaimError } from '../run-store.ts'

export function lostClaim({ runId }: Claim): LostClaimError {
  return new LostClaimError(`${runId} has ended, or another worker has it.`)
}
