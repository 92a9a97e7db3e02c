import { BaseError, ContractFunctionRevertedError } from 'viem'
import { ChainNotEnabledError } from './chain-not-enabled-error.ts'
import { ChainUnavailableError } from './chain-unavailable-error.ts'
import { NodeError } from './node-error.ts'
import { ReadOnlyError } from './read-only.ts'
import { redact } from './redact.ts'
import { AnswerTooLargeError, RpcError } from './rpc-error.ts'

/** Errors whose message is ours. */
const OURS = [ChainUnavailableError, ChainNotEnabledError, ReadOnlyError, AnswerTooLargeError, NodeError]

/**
 * What went wrong, in one or two short sentences fit for a caller: of our errors, viem's or ethers'. Never a URL, a key
 * or a request, which the `message` of those libraries holds.
 */
export function toChainErrorMessage(error: unknown): string {
  const chain = causesOf(error)
  const ours = chain.find((cause) => OURS.some((type) => cause instanceof type))
  if (ours !== undefined) return redact(ours.message)
  const reverted = chain.find((cause) => cause instanceof ContractFunctionRevertedError)
  if (reverted !== undefined) return redact(toRevertMessage(reverted))
  const answer = chain.find((cause) => cause instanceof RpcError)
  if (answer !== undefined) return redact(`The node answers: ${answer.message}`)
  if (chain.some(({ name }) => name === 'TimeoutError' || name === 'AbortError')) return 'The time for this read is up.'
  const [first] = chain
  if (first === undefined) return 'Something went wrong.'
  return redact(shortMessageOf(first) ?? (first instanceof BaseError ? first.name : first.message))
}

function toRevertMessage({ data, reason, signature }: ContractFunctionRevertedError): string {
  const said = reason ?? data?.errorName ?? signature
  return said === undefined || said === 'execution reverted'
    ? 'The contract reverted without a reason.'
    : `The contract reverted: ${said}`
}

/** viem's errors and ethers' have it: the message without the request. */
function shortMessageOf(error: Error): string | undefined {
  const { shortMessage } = error as { shortMessage?: unknown }
  return typeof shortMessage === 'string' && shortMessage !== '' ? shortMessage : undefined
}

function causesOf(error: unknown): readonly Error[] {
  const chain: Error[] = []
  for (let cause = error; cause instanceof Error && chain.length < 20; cause = cause.cause) chain.push(cause)
  return chain
}
