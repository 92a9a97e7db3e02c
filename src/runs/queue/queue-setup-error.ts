/** The queue cannot be used as the environment asks; says what to change. Stops the start. */
export class QueueSetupError extends Error {
  override readonly name = 'QueueSetupError'
}
