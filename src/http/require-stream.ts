import { BadRequestError } from '../errors.ts'
import type { ModelListing } from '../models/models.ts'

/** @throws {@link BadRequestError} where the model is set up to refuse streams. */
export function requireStream({ id, canStream = true }: ModelListing): void {
  if (canStream) return
  throw new BadRequestError(
    `Unsupported value: 'stream' does not support true with the model '${id}'. Only false is supported.`,
    { param: 'stream', code: 'unsupported_value' },
  )
}
