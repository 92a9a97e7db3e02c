/** The store cannot be opened as it is; says what to do, for a terminal. Stops the start. */
export class StoreSetupError extends Error {
  override readonly name: string = 'StoreSetupError'
}
