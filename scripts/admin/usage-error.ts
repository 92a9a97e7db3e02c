/** A command line that cannot be understood. The message says what would be right. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
