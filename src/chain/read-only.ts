import type { Rpc } from './rpc.ts'

const READS: ReadonlySet<string> = new Set([
  'eth_blobBaseFee',
  'eth_blockNumber',
  'eth_call',
  'eth_chainId',
  'eth_createAccessList',
  'eth_estimateGas',
  'eth_feeHistory',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getBlockByHash',
  'eth_getBlockByNumber',
  'eth_getBlockReceipts',
  'eth_getBlockTransactionCountByHash',
  'eth_getBlockTransactionCountByNumber',
  'eth_getCode',
  'eth_getLogs',
  'eth_getProof',
  'eth_getStorageAt',
  'eth_getTransactionByBlockHashAndIndex',
  'eth_getTransactionByBlockNumberAndIndex',
  'eth_getTransactionByHash',
  'eth_getTransactionCount',
  'eth_getTransactionReceipt',
  'eth_maxPriorityFeePerGas',
  'eth_simulateV1',
  'net_version',
])

/** Only methods that are known to read pass. @throws {@link ReadOnlyError} */
export function readOnly(next: Rpc): Rpc {
  return async (request) => {
    if (!READS.has(request.method)) throw new ReadOnlyError(request.method)
    return next(request)
  }
}

/** Tools read the chain; they neither sign, nor send, nor steer a node. */
export class ReadOnlyError extends Error {
  override readonly name = 'ReadOnlyError'
  /** EIP-1193: unsupported method. */
  readonly code = 4200

  constructor(method: string) {
    super(`Tools only read the chain: ${method.slice(0, 64)} is not among the methods they may call.`)
  }
}
