import type { EnsResolver, JsonRpcApiProvider, JsonRpcError, JsonRpcPayload, JsonRpcResult } from 'ethers'
import type { Rpc } from './rpc.ts'
import { isRevert, RpcError } from './rpc-error.ts'

/** An ethers provider over our stack. It makes no request of its own: no network detection, CCIP-Read or avatar. */
export async function createEthersProvider({
  chainId,
  rpc,
}: {
  chainId: number
  rpc: Rpc
}): Promise<JsonRpcApiProvider> {
  const ethers = await import('ethers')

  class StackProvider extends ethers.JsonRpcApiProvider {
    constructor() {
      const network = ethers.Network.from(chainId)
      // The stack below batches, caches and ends waits.
      super(network, { staticNetwork: network, batchMaxCount: 1, cacheTimeout: -1 })
      this.disableCcipRead = true
      this._start()
    }

    override async _send(payload: JsonRpcPayload | JsonRpcPayload[]): Promise<(JsonRpcResult | JsonRpcError)[]> {
      return Promise.all([payload].flat().map((call) => answer(rpc, call)))
    }

    /** An avatar is a URL that somebody wrote into their name, and ethers would fetch it. */
    override async getResolver(name: string): Promise<EnsResolver | null> {
      const resolver = await super.getResolver(name)
      return resolver && Object.assign(resolver, { _getAvatar: async () => ({ linkage: [], url: null }) })
    }
  }
  return new StackProvider()
}

/** A revert becomes a JSON-RPC error, which ethers decodes; of any other error it would hide what was said. */
async function answer(rpc: Rpc, { id, method, params }: JsonRpcPayload): Promise<JsonRpcResult | JsonRpcError> {
  try {
    return { id, result: await rpc({ method, params: Array.isArray(params) ? params : [params] }) }
  } catch (error) {
    if (!(error instanceof RpcError) || !isRevert(error)) throw error
    return { id, error: { code: error.code, message: error.message, data: error.data } }
  }
}
