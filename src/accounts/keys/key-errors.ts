import { BadRequestError, GatewayError } from '../../errors.ts'

/** Of a key that is not there, or not the caller's: nobody learns which. */
export function keyNotFound(id: string): GatewayError {
  return new GatewayError(`API key with id '${id.slice(0, 64)}' not found among those that are yours.`, {
    status: 404,
    code: 'key_not_found',
    param: 'id',
  })
}

export function keyNotActive(why: string): GatewayError {
  return new GatewayError(`${why} Make a new key.`, { status: 409, code: 'key_not_active', type: 'conflict_error' })
}

export function expiryPast(): BadRequestError {
  return new BadRequestError('The key would have expired already. Name a time to come.', {
    param: 'expires_at',
    code: 'invalid_value',
  })
}
