const AT: ReadonlyMap<string, number> = new Map([
  ['eth_call', 1],
  ['eth_createAccessList', 1],
  ['eth_estimateGas', 1],
  ['eth_feeHistory', 1],
  ['eth_getBalance', 1],
  ['eth_getBlockByNumber', 0],
  ['eth_getBlockReceipts', 0],
  ['eth_getBlockTransactionCountByNumber', 0],
  ['eth_getCode', 1],
  ['eth_getProof', 2],
  ['eth_getStorageAt', 2],
  ['eth_getTransactionByBlockNumberAndIndex', 0],
  ['eth_getTransactionCount', 1],
  ['eth_simulateV1', 1],
])

/** The place, from 0, at which a method's params name a block; undefined where they name none. */
export function blockParamAt(method: string): number | undefined {
  return AT.get(method)
}
