import { ContractFunctionExecutionError } from 'viem'

/**
 * viem's `multicall` marks every call as failed when its one request failed: a node that is down would read as contracts
 * that do not answer. Give it the results; it throws what the request itself threw.
 */
export function throwIfUnanswered(results: readonly { status: 'success' | 'failure'; error?: unknown }[]): void {
  for (const { error } of results) {
    if (error instanceof ContractFunctionExecutionError && error.functionName === 'aggregate3') throw error
  }
}
