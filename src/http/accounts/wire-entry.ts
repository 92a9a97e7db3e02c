import { toCreditText } from '../../accounts/credits.ts'
import type { BillEntry, ChargedRun } from '../../accounts/usage/list-entries.ts'
import { toSeconds } from '../../to-seconds.ts'

/** Amounts are exact decimal texts of credits. */
type WireEntry = {
  id: string
  object: 'entry'
  kind: BillEntry['kind']
  /** Below zero where the account gave. */
  amount: string
  /** After it. */
  balance: string
  /** Of a charge; what else there is has a `ref`. */
  run_id: string | null
  ref: string | null
  /** Of a move: who gave, or got. */
  counterparty: string | null
  note: string | null
  /** What a charge was for. */
  caller: string | null
  key_id: string | null
  model: string | null
  usage: WireChargedUsage | null
  created_at: number
}

type WireChargedUsage = {
  prompt_tokens: number
  /** Of these. */
  cached_tokens: number
  completion_tokens: number
  tools: readonly { name: string; calls: number; amount: string }[]
  /** Cost, and not charged. */
  written_off: string
  is_estimated: boolean
}

export function toWireEntry({ id, kind, amount, balance, ref, counterparty, note, run, atMs }: BillEntry): WireEntry {
  const isCharge = kind === 'charge'
  return {
    id,
    object: 'entry',
    kind,
    amount: toCreditText(amount),
    balance: toCreditText(balance),
    run_id: isCharge ? ref : null,
    ref: isCharge ? null : ref,
    counterparty,
    note,
    caller: run?.caller ?? null,
    key_id: run?.keyId ?? null,
    model: run?.model ?? null,
    usage: run && toWireChargedUsage(run),
    created_at: toSeconds(atMs),
  }
}

function toWireChargedUsage(run: ChargedRun): WireChargedUsage {
  return {
    prompt_tokens: run.promptTokens,
    cached_tokens: run.cachedTokens,
    completion_tokens: run.completionTokens,
    tools: run.tools.map(({ name, calls, amount }) => ({ name, calls, amount: toCreditText(amount) })),
    written_off: toCreditText(run.writtenOff),
    is_estimated: run.isEstimated,
  }
}
