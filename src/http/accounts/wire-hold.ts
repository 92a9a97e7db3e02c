import { toCreditText } from '../../accounts/credits.ts'
import type { BillHold } from '../../accounts/usage/list-holds.ts'
import { toSeconds } from '../../to-seconds.ts'

/** `id` is that of the run. */
type WireHold = {
  id: string
  object: 'hold'
  amount: string
  /** Whose run it is. */
  caller: string
  key_id: string | null
  model: string
  created_at: number
  /** When it is taken for lost, and freed. */
  expires_at: number
}

export function toWireHold({ runId, amount, caller, keyId, model, createdAtMs, deadlineMs }: BillHold): WireHold {
  return {
    id: runId,
    object: 'hold',
    amount: toCreditText(amount),
    caller,
    key_id: keyId,
    model,
    created_at: toSeconds(createdAtMs),
    expires_at: toSeconds(deadlineMs),
  }
}
