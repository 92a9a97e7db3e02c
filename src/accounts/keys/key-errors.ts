import { BadRequestError, conflict, type GatewayError, notFound } from '../../errors.ts'

/** Of a key that is not there, or not the caller's: nobody learns which. */
export function keyNotFound(id: string): GatewayError {
  return notFound('key_not_found', `API key with id '${id.slice(0, 64)}' not found among those that are yours.`, {
    param: 'id',
  })
}

export function keyNotActive(why: string): GatewayError {
  return conflict('key_not_active', `${why} Make a new key.`)
}

export function tooManyKeys(limit: number): GatewayError {
  return conflict(
    'too_many_keys',
    `This account has ${limit} API keys that count, and may have ${limit}. Revoke one that is not needed any more: DELETE /v1/keys/{id}.`,
    { details: { limit } },
  )
}

export function expiryPast(): BadRequestError {
  return new BadRequestError('The key would have expired already. Name a time to come.', {
    param: 'expires_at',
    code: 'invalid_value',
  })
}
