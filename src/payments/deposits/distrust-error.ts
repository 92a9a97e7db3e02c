/** What the nodes tell does not fit together, so that no money may be credited by it. */
export class DistrustError extends Error {
  override readonly name = 'DistrustError'
}
