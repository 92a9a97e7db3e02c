import type { Ledger } from '../../src/accounts/ledger.ts'

/** Few accounts, so that everybody is in everybody's way. */
export const TOWN = [
  `0x${'a'.repeat(40)}`,
  `0x${'b'.repeat(40)}`,
  'org_aaaaaaaaaaaaaaaa',
  'acct_aaaaaaaaaaaaaaaa',
] as const

/** So little that some holds are refused. */
const FIRST_GRANT = 3_000n

export async function settleTown(ledger: Ledger): Promise<void> {
  for (const id of TOWN) {
    await ledger.openAccount({ id, kind: id.startsWith('0x') ? 'wallet' : id.startsWith('org') ? 'org' : 'account' })
    await ledger.topUp({ kind: 'grant', ref: `first ${id}`, account: id, amount: FIRST_GRANT })
  }
}
