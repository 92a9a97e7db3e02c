import { BadRequestError } from '../../errors.ts'

/**
 * Whether a request wants the gateway's own tools, by the header `x-groundwire-tools`: it does unless it says otherwise.
 * @throws {@link BadRequestError} for a word that says neither.
 */
export function wantsServerTools(header: string | undefined): boolean {
  const word = header?.trim() ?? ''
  if (word === '' || /^(?:on|1|true)$/i.test(word)) return true
  if (/^(?:off|0|false)$/i.test(word)) return false
  throw new BadRequestError("Invalid header 'x-groundwire-tools': expected 'on' or 'off'.", {
    param: 'x-groundwire-tools',
    code: 'invalid_value',
  })
}
