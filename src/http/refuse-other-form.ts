import { BadRequestError } from '../errors.ts'
import { type ParamPath, toParam } from './parse-request.ts'

/**
 * Some clients send one API what is of the other.
 * @throws {@link BadRequestError} with a hint, where `value` holds the field `has` of the other API and lacks the one of this.
 */
export function refuseOtherForm(
  value: unknown,
  { lacks, has, hint }: { lacks: string; has: string; hint: string },
  path: ParamPath = [],
): void {
  if (typeof value !== 'object' || value === null) return
  const fields = value as Record<string, unknown>
  if (fields[lacks] != null || fields[has] == null) return
  const param = toParam([...path, lacks])
  throw new BadRequestError(`Missing required parameter: '${param}'. ${hint}`, {
    param,
    code: 'missing_required_parameter',
  })
}
