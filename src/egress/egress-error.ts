/**
 * Why nothing came back from a place outside. Its message names no address, so a caller may hear it.
 *
 * - `refused`: this gateway does not go there.
 * - `unreachable`: nobody answers there, or not with a certificate for that name; `code` is the system's word for it.
 * - `timeout`: it took too long.
 */
export class EgressError extends Error {
  override readonly name = 'EgressError'
  readonly reason: EgressFailure
  readonly code: string | undefined
  constructor(reason: EgressFailure, code?: string) {
    super(MESSAGES[reason])
    this.reason = reason
    this.code = code
  }
}

export type EgressFailure = keyof typeof MESSAGES

const MESSAGES = {
  refused: 'The gateway does not send anything there: only https to public addresses, and what EGRESS_ALLOW names.',
  unreachable: 'The host cannot be reached, or its certificate is not valid.',
  timeout: 'The host took too long to answer.',
}
