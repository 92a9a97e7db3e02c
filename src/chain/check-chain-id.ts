import { NodeError, toNodeError } from './node-error.ts'
import type { Rpc, RpcRequest } from './rpc.ts'
import { RpcError } from './rpc-error.ts'
import { type Shared, share } from './share.ts'

/**
 * Asks a node's chain id beside the first read (and so in the same POST), again after the node has failed, and beside the
 * newest block, with which every run begins, and the final one, by which money is credited: behind one URL another node may have
 * come up without a failure in between.
 * No answer is passed on before the id is known to be right.
 * @throws {@link NodeError} `wrong_chain`.
 */
export function checkChainId({ chainId }: { chainId: number }, next: Rpc): Rpc {
  let isRight = false
  let checking: Shared<void> | undefined

  const check = async (signal: AbortSignal) => {
    const answer = await next({ method: 'eth_chainId', params: [], signal }).catch((error: unknown) => {
      // Whatever the node has against this question is no answer to the caller's.
      throw error instanceof RpcError ? (toNodeError(error) ?? new NodeError('failed', { cause: error })) : error
    })
    if (typeof answer !== 'string' || Number(answer) !== chainId) throw new NodeError('wrong_chain')
    isRight = true
  }
  const checked = (signal: AbortSignal | undefined) => {
    if (checking === undefined || checking.abandoned) {
      const current = share((shared) =>
        check(shared).finally(() => {
          if (checking === current) checking = undefined
        }),
      )
      checking = current
    }
    return checking.join(signal)
  }

  return async (request) => {
    try {
      if (isRight && !isHead(request)) return await next(request)
      const answer = next(request)
      answer.catch(() => {})
      await checked(request.signal)
      return await answer
    } catch (error) {
      if (error instanceof NodeError) isRight = false
      throw error
    }
  }
}

function isHead({ method, params }: RpcRequest): boolean {
  return method === 'eth_getBlockByNumber' && (params[0] === 'latest' || params[0] === 'finalized')
}
