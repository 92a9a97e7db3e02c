import { BaseError, ContractFunctionZeroDataError } from 'viem'
import { toChainErrorMessage } from '../chain/chain-error.ts'
import { cleanText } from './clean-text.ts'

const MAX_CHARACTERS = 500

/**
 * What a model may be told of a throw: one short line. The messages of viem and ethers hold node addresses, and with them
 * keys, so only their short ones are used, and whatever still looks like the address of a server is cut out.
 */
export function toReason(thrown: unknown): string {
  const text = cleanText(withoutUrls(describe(thrown)))
  return text === '' ? 'The tool failed and gave no reason.' : text.slice(0, MAX_CHARACTERS).toWellFormed()
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'string') return thrown
  if (!(thrown instanceof Error)) return ''
  if (thrown instanceof BaseError && thrown.walk((cause) => cause instanceof ContractFunctionZeroDataError) !== null) {
    return 'No contract of the expected kind answers at that address on this chain. Check the address and the chain.'
  }
  if (isSystemError(thrown)) return 'The network failed. Say so, or try again later.'
  return thrown instanceof BaseError || 'shortMessage' in thrown ? toChainErrorMessage(thrown) : thrown.message
}

/** Node's own (`ECONNREFUSED`) and undici's, whose messages name hosts and ports. */
function isSystemError(error: Error): boolean {
  const codes = [error, error.cause].map((part) => (part as { code?: unknown } | undefined)?.code)
  return codes.some((code) => typeof code === 'string' && /^(E[A-Z_]{3,}|UND_ERR_\w+)$/.test(code))
}

function withoutUrls(text: string): string {
  return text
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]*/gi, '(address left out)')
    .replace(/\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b/g, '(address left out)')
}
