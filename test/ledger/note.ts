/** What a ledger has acknowledged, or said instead. Amounts are micro-credits, as text. */
export type Note =
  | { act: 'posted'; kind: string; ref: string; account: string; amount: string; isNew: boolean }
  | { act: 'held'; runId: string; account: string; amount: string }
  | { act: 'extended'; runId: string; amount: string }
  | { act: 'settled'; runId: string; account: string; charged: string }
  /** There was nothing left to settle, of a run that had been held for. */
  | { act: 'over'; runId: string }
  | { act: 'swept'; expired: number }
  /** A deposit; there may be several in a transaction. */
  | { act: 'credited'; txHash: string }
  /** 402 or 429. */
  | { act: 'refused'; code: string }
  /** 503. */
  | { act: 'away' }
  /** What no ledger may do. */
  | { act: 'wrong'; text: string }
