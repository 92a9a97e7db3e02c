import { type Hex, keccak256, stringToBytes } from 'viem'
import { blockParamAt } from './block-param.ts'
import { canonicalJson } from './canonical-json.ts'
import type { Evidence } from './chain-session.ts'
import type { Rpc, RpcRequest } from './rpc.ts'

/**
 * Hands on what each read was and a digest of its answer. It stands under the pin, so `params` name the block that was
 * really read.
 */
export function recordReads({ chainId, add }: { chainId: number; add: (evidence: Evidence) => void }, next: Rpc): Rpc {
  return async (request) => {
    const result = await next(request)
    // Taken now: whoever gets the result may change it.
    const text = canonicalJson(result)
    let digest: Hex | undefined
    add({
      chainId,
      method: request.method,
      params: request.params,
      blockNumber: blockNumberOf(request),
      // Few callers ask for the evidence, and hashing is the dearest part of a large read.
      get resultDigest() {
        digest ??= keccak256(stringToBytes(text))
        return digest
      },
    })
    return result
  }
}

function blockNumberOf({ method, params, block }: RpcRequest): bigint | null {
  if (block !== undefined) return block.number
  const at = blockParamAt(method)
  const named = at === undefined ? undefined : params[at]
  return isQuantity(named) ? BigInt(named) : null
}

function isQuantity(value: unknown): value is Hex {
  return typeof value === 'string' && /^0x[0-9a-f]{1,16}$/i.test(value)
}
