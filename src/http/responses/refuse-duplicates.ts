import { BadRequestError } from '../../errors.ts'
import { toShown } from '../parse-request.ts'
import type { InputItem } from './input-items.ts'

/**
 * Items are listed and referred to by their ids, so a conversation holds each once.
 * @throws {@link BadRequestError} in OpenAI's wording.
 */
export function refuseDuplicates(items: readonly InputItem[]): void {
  const seen = new Set<string>()
  for (const { id } of items) {
    if (seen.has(id)) {
      throw new BadRequestError(
        `Duplicate item found with id ${toShown(id)}. Remove duplicate items from your input and try again.`,
        { param: 'input' },
      )
    }
    seen.add(id)
  }
}
