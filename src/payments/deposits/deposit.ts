import type { Hex } from 'viem'

/** Where deposits are watched for. All hexadecimal is in lower case, here and below. */
export type DepositPlace = { chainId: number; token: Hex; treasury: Hex }

/** A transfer of the token to the treasury, in a block that is final. */
export type Deposit = {
  chainId: number
  txHash: Hex
  /** In its block. */
  logIndex: number
  blockNumber: bigint
  blockHash: Hex
  token: Hex
  sender: Hex
  /** In the token's smallest units, each of which is a micro-credit. */
  amount: bigint
  /** Of the authorization (EIP-3009) it was made by: it may pay for something that has been credited already. */
  nonce: Hex | undefined
}
