import { ContractFunctionRevertedError } from 'viem'
import { toChainErrorMessage } from './chain-error.ts'

export type EnsErrorKind = keyof typeof MESSAGES

/** A name or address that cannot be used; the message says what is wrong with it and what to do. */
export class EnsError extends Error {
  override readonly name = 'EnsError'
  readonly kind: EnsErrorKind

  constructor(kind: EnsErrorKind, subject: string, { detail = '', cause }: { detail?: string; cause?: unknown } = {}) {
    super(MESSAGES[kind](subject, detail), { cause })
    this.kind = kind
  }
}

const MESSAGES = {
  not_an_address: (text, detail) => `'${text}' is not an address: ${detail}.`,
  not_a_name: (text, detail) => `'${text}' is neither an address nor an ENS name: ${detail}.`,
  no_such_name: (name) => `There is no ENS name ${name}. Check the spelling.`,
  no_resolver: (name) => `The ENS name ${name} exists but has no resolver, so it points nowhere.`,
  no_address: (name) => `The ENS name ${name} has no Ethereum address record.`,
  resolver_failed: (subject) => `ENS cannot resolve ${subject}: the resolver contract failed.`,
  off_chain: (subject) =>
    `ENS keeps ${subject} off chain, and off-chain lookups (CCIP-Read) are off. Use a 0x address.`,
  not_verified: (address) =>
    `The primary name that ${address} claims does not point back to it, so it is not verified.`,
  not_normal: (address) => `The primary name that ${address} claims is not a valid ENS name.`,
  node_failed: (subject, detail) => `${subject} could not be looked up in ENS. ${detail}`,
} as const satisfies Record<string, (subject: string, detail: string) => string>

/**
 * What an error of the Universal Resolver means for `subject`, a name or an address.
 * The names are those of its ABI: https://docs.ens.domains/resolvers/universal
 */
export function toEnsError(error: unknown, subject: string): EnsError {
  if (error instanceof EnsError) return error
  const revert = findRevert(error)
  const kind = revert === undefined ? undefined : REVERTS[revert.data?.errorName ?? revert.signature ?? '']
  if (kind !== undefined) return new EnsError(kind, subject, { cause: error })
  if (revert !== undefined) return new EnsError('resolver_failed', subject, { cause: error })
  return new EnsError('node_failed', subject, { detail: toChainErrorMessage(error), cause: error })
}

const REVERTS: Readonly<Record<string, EnsErrorKind>> = {
  ResolverNotFound: 'no_resolver',
  ResolverNotContract: 'resolver_failed',
  UnsupportedResolverProfile: 'no_address',
  ResolverError: 'resolver_failed',
  ReverseAddressMismatch: 'not_verified',
  HttpError: 'off_chain',
  OffchainLookup: 'off_chain',
  '0x556f1830': 'off_chain',
}

function findRevert(error: unknown): ContractFunctionRevertedError | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof ContractFunctionRevertedError) return cause
  }
  return undefined
}
