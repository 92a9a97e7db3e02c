import type { Column } from './table.ts'

/** What is on an account, of a table of several. */
export const BALANCE_COLUMNS: readonly Column<{ balance: string; held: string; available: string }>[] = [
  { title: 'balance', of: ({ balance }) => balance, isNumber: true },
  { title: 'held', of: ({ held }) => held, isNumber: true },
  { title: 'available', of: ({ available }) => available, isNumber: true },
]
