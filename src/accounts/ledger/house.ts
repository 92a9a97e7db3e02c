/** Where credits come from and go to. Its accounts have no row: their balances are the sums of their entries. */
export const HOUSE = {
  charge: 'house:revenue',
  grant: 'house:grants',
  voucher: 'house:vouchers',
  x402: 'house:x402',
  deposit: 'house:deposits',
  correction: 'house:corrections',
} as const
