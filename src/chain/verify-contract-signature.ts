import { type Address, createPublicClient, custom, type Hex } from 'viem'
import { GatewayError } from '../errors.ts'
import { toChainErrorMessage } from './chain-error.ts'
import { findChainName } from './chain-list.ts'
import type { Chains } from './chains.ts'
import { isRevert, RpcError } from './rpc-error.ts'

type SignedMessage = {
  chainId: number
  address: Address
  /** As text, before EIP-191 puts its prefix to it. */
  message: string
  signature: Hex
}

/**
 * Whether the account says that the signature is its own, at the newest block of its chain: by ERC-1271, or ERC-6492 where it is
 * not deployed yet.
 * @throws {@link GatewayError} 503 `cannot_verify_signature` where the chain cannot be asked.
 */
export type VerifyContractSignature = (signed: SignedMessage) => Promise<boolean>

const TIMEOUT_MS = 5_000

export function createVerifyContractSignature({
  chains,
  timeoutMs = TIMEOUT_MS,
}: {
  chains: Pick<Chains, 'openSession'>
  timeoutMs?: number
}): VerifyContractSignature {
  return async ({ chainId, address, message, signature }) => {
    const faults: unknown[] = []
    try {
      const client = toHeard(clientOf(chains, chainId, AbortSignal.timeout(timeoutMs)), (fault) => faults.push(fault))
      if (await client.verifyMessage({ address, message, signature })) return true
    } catch (error) {
      faults.push(error)
    }
    if (faults.length > 0) throw cannotVerify(faults[0])
    return false
  }
}

type Client = ReturnType<ReturnType<ReturnType<Chains['openSession']>['scope']>['client']>

function clientOf(chains: Pick<Chains, 'openSession'>, chainId: number, signal: AbortSignal): Client {
  const chain = findChainName(chainId)
  if (chain === undefined) throw new Error(`There is no chain ${chainId} here.`)
  return chains.openSession().scope(signal).client(chain)
}

/** viem takes whatever fails for a signature that is not valid, so what the nodes say is heard below it. */
function toHeard({ chain, request: ask }: Client, onFault: (fault: unknown) => void): Client {
  const request = async (asked: unknown) => {
    try {
      return await (ask as (asked: unknown) => Promise<unknown>)(asked)
    } catch (error) {
      if (!isVerdict(error)) onFault(error)
      throw error
    }
  }
  const transport = custom({ request }, { retryCount: 0 })
  return createPublicClient({ chain, transport, cacheTime: 0, ccipRead: false })
}

/** A revert is what the account, or the check itself, makes of the signature. */
function isVerdict(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof RpcError) return isRevert(cause)
  }
  return false
}

function cannotVerify(cause: unknown): GatewayError {
  const reason = toChainErrorMessage(cause)
  return new GatewayError(`The signature cannot be verified right now. ${reason} Try again in a few seconds.`, {
    status: 503,
    code: 'cannot_verify_signature',
    type: 'service_unavailable_error',
    retryAfterSec: 5,
    cause,
  })
}
