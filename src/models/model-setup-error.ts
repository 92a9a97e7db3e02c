/** A model cannot be set up as the environment asks; says what to change. Stops the start. */
export class ModelSetupError extends Error {
  override readonly name = 'ModelSetupError'
}
