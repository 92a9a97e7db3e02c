/** What went wrong on the wire to a backend, before it is put into words that a caller may read. */
export type BackendFailureKind =
  /** No connection, or it was lost before an answer began. */
  | 'unreachable'
  /** The backend said so itself: a status that is not 2xx, or an error within the answer. */
  | 'refused'
  /** The answer broke off or could not be read. */
  | 'broken'
  /** Nothing came for too long. */
  | 'silent'
  /** It took the request and gave up on it, in words of its own. */
  | 'crashed'
  /** It may have taken the request or not, and asking again could cost twice. */
  | 'unsure'

export class BackendFailure extends Error {
  override readonly name = 'BackendFailure'
  readonly kind: BackendFailureKind
  /** HTTP status; 200 for an error within an answer. */
  readonly status: number | undefined
  /** The backend's own words: for deciding and for the log, never for a caller. */
  readonly upstreamText: string

  constructor(
    kind: BackendFailureKind,
    { status, upstreamText = '', cause }: { status?: number; upstreamText?: string; cause?: unknown } = {},
  ) {
    super(`The backend failed: ${kind}${status === undefined ? '' : ` (${status})`}`, { cause })
    this.kind = kind
    this.status = status
    this.upstreamText = upstreamText
  }
}
