/**
 * A tool cannot answer, and says what to ask instead. `message` is read by the model; `details` go beside it
 * (the candidates of an ambiguous symbol) and are JSON.
 */
export class ToolError extends Error {
  override readonly name = 'ToolError'
  readonly details: Readonly<Record<string, unknown>>

  constructor(message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message)
    this.details = details
  }
}
